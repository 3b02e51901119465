import { parseArgs } from 'node:util';
import { type Action, parseScript } from './script.ts';

export interface DemoOptions {
  /** undefined: a directory of the demo's own among the temporary files. */
  readonly dir: string | undefined;
  readonly keep: boolean;
  /** undefined: the keys of the live view say what happens. */
  readonly script: readonly Action[] | undefined;
  readonly memberCount: number;
}

export type ReadOptions =
  | { readonly kind: 'run'; readonly options: DemoOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'invalid'; readonly why: string };

export const USAGE = `usage: kornak demo [--script "WORDS"] [--dir DIR] [--keep] [--members N]

Starts three etcd members and three agents, each with a PostgreSQL of its own, and shows how they fail over.

  --script "WORDS"  what to do, such as "wait 5; kill-leader; wait 10; restore; wait 10; quit"
                    kill-leader kill-postgres kill-agent freeze-leader switchover restore wait SECONDS quit
  --dir DIR         where everything is kept while it runs (default: a directory among the temporary files)
  --keep            leave that directory; a later start with the same directory resumes the cluster
  --members N       PostgreSQL members, 1 to 5 (default: 3)

Exit status: 0 recovered and nothing lost, 1 not recovered, 2 acknowledged rows lost, 3 could not start.`;

const MEMBERS_MAX = 5;

export function readOptions(argv: readonly string[]): ReadOptions {
  const parsed = parse(argv);
  if (typeof parsed === 'string') return { kind: 'invalid', why: parsed };
  const { dir, keep = false, script, members = '3', help = false } = parsed;
  if (help) return { kind: 'help' };
  const memberCount = /^\d$/.test(members) ? Number(members) : 0;
  if (memberCount < 1 || memberCount > MEMBERS_MAX) {
    return { kind: 'invalid', why: `--members must be 1 to ${MEMBERS_MAX}, not "${members}"` };
  }
  if (dir === '') return { kind: 'invalid', why: '--dir names no directory' };
  if (script === undefined) return { kind: 'run', options: { dir, keep, script, memberCount } };
  const words = parseScript(script);
  if (words.kind === 'invalid') return { kind: 'invalid', why: `--script: ${words.why}` };
  return { kind: 'run', options: { dir, keep, script: words.actions, memberCount } };
}

/** The values, or why there are none. */
function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        dir: { type: 'string' },
        keep: { type: 'boolean' },
        script: { type: 'string' },
        members: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        // The launcher's answer to its own question; nothing is left to ask here.
        yes: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
