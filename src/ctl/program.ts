// The command line: what commands there are, what they take, and nothing of what they do.
import { Command, InvalidArgumentError, Option } from 'commander';
import { bootstrap } from './commands/bootstrap.ts';
import { explain } from './commands/explain.ts';
import { history } from './commands/history.ts';
import { list } from './commands/list.ts';
import { type Action, manualFailover } from './commands/manual-failover.ts';
import { showConfig } from './commands/show-config.ts';
import { version } from './commands/version.ts';
import { FORMATS, type Format } from './print-rows.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

export interface GlobalOptions {
  readonly configFile?: string;
  readonly dcsUrl?: string;
  /** The same, by its older name. */
  readonly dcs?: string;
  readonly insecure?: boolean;
  readonly strictExit?: boolean;
}

export interface ProgramParts {
  readonly terminal: Terminal;
  readonly ownVersion: () => string;
  readonly open: (options: GlobalOptions) => Promise<Session>;
  /** Called with the exit code of the command that ran. */
  readonly done: (exitCode: number) => void;
}

const WATCH_MS = 2_000;

export function ctlProgram(parts: ProgramParts): Command {
  const program = new Command('kornakctl')
    .description('Shows and changes PostgreSQL clusters that Kornak or Patroni keep available.')
    .option('-c, --config-file <file>', 'configuration file; that of a member will do')
    .addOption(new Option('-d, --dcs-url <url>', 'where etcd is: etcd3://HOST:PORT/NAMESPACE').env('DCS_URL'))
    .addOption(new Option('--dcs <url>').hideHelp())
    .option('-k, --insecure', 'take any certificate of the REST API')
    .option('--strict-exit', 'exit code 1 also where the REST API refused, not only where nothing could be asked')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        parts.terminal.out(text.trimEnd());
      },
      writeErr: (text) => {
        parts.terminal.talk(text.trimEnd());
      },
    });
  addReading(program, parts);
  addManualFailover(program, parts, 'switchover');
  addManualFailover(program, parts, 'failover');
  addOwn(program, parts);
  return program;
}

/** Runs a command on a session that the global options lead to. */
function on<Args extends unknown[]>(
  program: Command,
  { open, done }: ProgramParts,
  run: (session: Session, ...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    const session = await open(program.opts<GlobalOptions>());
    done(await run(session, ...args));
  };
}

interface ListFlags {
  readonly format: Format;
  readonly extended?: boolean;
  readonly timestamp?: boolean;
  readonly W?: boolean;
  readonly watch?: number;
}

function addReading(program: Command, parts: ProgramParts): void {
  program
    .command('list [clusters...]')
    .description('Show the members of clusters')
    .addOption(formatOption())
    .option('-e, --extended', 'show all columns, also empty ones')
    .option('-t, --timestamp', 'print the time first')
    .option('-W', 'show again every 2 seconds')
    .option('-w, --watch <seconds>', 'show again every so many seconds', secondsToMs)
    .action(
      on(program, parts, (session, clusters: string[], flags: ListFlags) => {
        const everyMs = flags.watch ?? (flags.W === true ? WATCH_MS : undefined);
        const [isExtended, withTimestamp] = [flags.extended === true, flags.timestamp === true];
        return list({ clusters, format: flags.format, isExtended, withTimestamp, everyMs }, session);
      }),
    );
  program
    .command('history [cluster]')
    .description('Show the timelines that ended, and why')
    .addOption(formatOption())
    .action(
      on(program, parts, (session, cluster: string | undefined, { format }: { readonly format: Format }) =>
        history({ cluster, format }, session),
      ),
    );
  program
    .command('show-config [cluster]')
    .description('Print the dynamic configuration')
    .action(on(program, parts, (session, cluster: string | undefined) => showConfig(cluster, session)));
  program
    .command('version [cluster] [members...]')
    .description('Print versions: ours, and those of members')
    .action(async (cluster: string | undefined, members: string[]) => {
      const { terminal, open, ownVersion, done } = parts;
      const opening = { terminal, open: () => open(program.opts<GlobalOptions>()) };
      done(await version({ own: ownVersion(), cluster, members }, opening));
    });
}

interface FailoverFlags {
  readonly leader?: string;
  readonly candidate?: string;
  readonly scheduled?: string;
  readonly force?: boolean;
}

function addManualFailover(program: Command, parts: ProgramParts, action: Action): void {
  const command = program
    .command(`${action} [cluster]`)
    .description(
      action === 'switchover'
        ? 'Hand leadership to another member'
        : 'Make a member the leader, also where nobody leads',
    )
    .option('--candidate <member>', 'who is to lead')
    .option('--force', 'ask nothing');
  if (action === 'switchover') {
    command
      .option('--leader <member>', 'who leads now')
      .addOption(new Option('--primary <member>').hideHelp())
      .option('--scheduled <time>', 'when, as ISO 8601 or now');
  }
  command.action(
    on(program, parts, (session, cluster: string | undefined, flags: FailoverFlags & { readonly primary?: string }) => {
      const { candidate, scheduled } = flags;
      const leader = flags.leader ?? flags.primary;
      return manualFailover(action, { cluster, leader, candidate, scheduled, isForced: flags.force === true }, session);
    }),
  );
}

function addOwn(program: Command, parts: ProgramParts): void {
  program
    .command('bootstrap <cluster>')
    .description('Initialise a cluster, on the member whose file is given by -c or on --member')
    .option('--member <name>', 'the member to do it on; it must be running')
    .action(
      on(program, parts, (session, cluster: string, { member }: { readonly member?: string }) =>
        bootstrap({ cluster, member }, session),
      ),
    );
  program
    .command('explain [topic] [cluster]')
    .description('Tell why the last role change happened (topic: last-failover)')
    .option('--json', 'as one JSON object')
    .action(
      on(
        program,
        parts,
        (session, topic: string | undefined, cluster: string | undefined, flags: { readonly json?: boolean }) => {
          const named = topic === 'last-failover' ? cluster : (cluster ?? topic);
          return explain({ cluster: named, isJson: flags.json === true }, session);
        },
      ),
    );
}

function formatOption(): Option {
  return new Option('-f, --format <format>', 'how to print').choices(FORMATS).default('pretty');
}

function secondsToMs(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0)
    throw new InvalidArgumentError('not a number of seconds');
  return seconds * 1000;
}
