import { parseArgs } from 'node:util';
import { Refusal } from './refusal.ts';

export type Arguments =
  | { readonly kind: 'help' | 'version' }
  | {
      readonly kind: 'validate';
      readonly paths: readonly string[];
      readonly isStrict: boolean;
      readonly ignoresPorts: boolean;
    }
  | { readonly kind: 'run'; readonly paths: readonly string[] }
  /** `agentArgs`: those of the agent that is run as a child. */
  | { readonly kind: 'supervise'; readonly agentArgs: readonly string[] };

export const usage = `usage: kornak FILE.yml [FILE.yml | DIRECTORY]...

Runs beside one PostgreSQL and keeps it highly available. The configuration is a Patroni YAML file; files named later go
before earlier ones, and the environment (PATRONI_*, KORNAK_*) before all. Without a file: PATRONI_CONFIGURATION.

  --supervise                 for hosts without a service manager: start the agent again when it crashes, at once and then
                              less and less often (at most 30 s apart); not when it was stopped or refused to start
  --validate-config           say what is wrong with the configuration and exit: 0 nothing, 1 an error
  --strict                    with it: what cannot be reached from here is an error too
  --ignore-listen-port, -i    with it: do not look whether the ports are free
  --version                   print the version and exit
  --help                      print this and exit

Signals: TERM and INT stop PostgreSQL and hand leadership over, HUP reads the configuration again; with --supervise they go
on to the agent.
Exit codes: 0 stopped, 1 refused to start, 70 an invariant broke.
`;

export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals: paths } = parsed(args);
  if (values.help === true) return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  const isStrict = values.strict === true;
  const ignoresPorts = values['ignore-listen-port'] === true;
  const isSupervised = values.supervise === true;
  if (values['validate-config'] === true && isSupervised)
    throw new Refusal(`--supervise runs the agent, --validate-config does not: give one of them.\n\n${usage}`);
  if (values['validate-config'] === true) return { kind: 'validate', paths, isStrict, ignoresPorts };
  if (isStrict || ignoresPorts)
    throw new Refusal(`--strict and --ignore-listen-port go with --validate-config.\n\n${usage}`);
  // Behind `--` a path may begin with a dash.
  return isSupervised ? { kind: 'supervise', agentArgs: ['--', ...paths] } : { kind: 'run', paths };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'validate-config': { type: 'boolean' },
        supervise: { type: 'boolean' },
        strict: { type: 'boolean' },
        'ignore-listen-port': { type: 'boolean', short: 'i' },
        version: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}
