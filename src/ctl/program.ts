// The command line: what commands there are, what they take, and nothing of what they do. Each command is loaded only when it
// runs, because libraries that the others need cost more time than most commands do.
import { Command, InvalidArgumentError, Option } from 'commander';
import type { PauseAction } from './commands/pause.ts';
import type { Action } from './commands/manual-failover.ts';
import { MEMBER_ROLES, type MemberRole } from './chosen-members.ts';
import { FORMATS, type Format } from './format.ts';
import { addStandbyCluster } from './standby-program.ts';
import { type GlobalOptions, on, type ProgramParts } from './program-parts.ts';

const WATCH_MS = 2_000;
/** Timers cannot be set further ahead than 2^31 ms. */
const SECONDS_MAX = 2_000_000;

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
  addEditConfig(program, parts);
  addManualFailover(program, parts, 'switchover');
  addManualFailover(program, parts, 'failover');
  addReinit(program, parts);
  addDivergence(program, parts);
  addRecover(program, parts);
  addWork(program, parts);
  addPause(program, parts, 'pause');
  addPause(program, parts, 'resume');
  addStandbyCluster(program, parts);
  addOwn(program, parts);
  return program;
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
      on(program, parts, async (session, clusters: string[], flags: ListFlags) => {
        const { list } = await import('./commands/list.ts');
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
      on(program, parts, async (session, cluster: string | undefined, { format }: { readonly format: Format }) => {
        const { history } = await import('./commands/history.ts');
        return history({ cluster, format }, session);
      }),
    );
  program
    .command('show-config [cluster]')
    .description('Print the dynamic configuration')
    .action(
      on(program, parts, async (session, cluster: string | undefined) => {
        const { showConfig } = await import('./commands/show-config.ts');
        return showConfig(cluster, session);
      }),
    );
  program
    .command('version [cluster] [members...]')
    .description('Print versions: ours, and those of members')
    .action(async (cluster: string | undefined, members: string[]) => {
      const { terminal, open, ownVersion, done } = parts;
      const { version } = await import('./commands/version.ts');
      const opening = { terminal, open: () => open(program.opts<GlobalOptions>()) };
      done(await version({ own: ownVersion(), cluster, members }, opening));
    });
}

interface EditFlags {
  readonly quiet?: boolean;
  readonly set: readonly string[];
  readonly pg: readonly string[];
  readonly apply?: string;
  readonly replace?: string;
  readonly force?: boolean;
}

function addEditConfig(program: Command, parts: ProgramParts): void {
  program
    .command('edit-config [cluster]')
    .description('Change the dynamic configuration; in an editor where no change is given')
    .option('-q, --quiet', 'show no diff')
    .option('-s, --set <path=value>', 'set one value, or remove it with null; may be repeated', collected, [])
    .option('-p, --pg <parameter=value>', 'the same below postgresql.parameters', collected, [])
    .option('--apply <file>', 'merge a YAML file; - is stdin')
    .option('--replace <file>', 'take a YAML file instead of all; - is stdin')
    .option('--force', 'ask nothing')
    .action(
      on(program, parts, async (session, cluster: string | undefined, flags: EditFlags) => {
        const { editConfig } = await import('./commands/edit-config.ts');
        const pairs = [...flags.set, ...flags.pg.map((pair) => `postgresql.parameters.${pair.trimStart()}`)];
        const { apply: applyFile, replace: replaceFile } = flags;
        const [isQuiet, isForced] = [flags.quiet === true, flags.force === true];
        return editConfig({ cluster, isQuiet, isForced, pairs, applyFile, replaceFile }, session);
      }),
    );
}

function collected(pair: string, before: readonly string[]): readonly string[] {
  return [...before, pair];
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
    on(
      program,
      parts,
      async (session, cluster: string | undefined, flags: FailoverFlags & { readonly primary?: string }) => {
        const { manualFailover } = await import('./commands/manual-failover.ts');
        const { candidate, scheduled } = flags;
        const leader = flags.leader ?? flags.primary;
        return manualFailover(
          action,
          { cluster, leader, candidate, scheduled, isForced: flags.force === true },
          session,
        );
      },
    ),
  );
}

interface ReinitFlags {
  readonly force?: boolean;
  readonly fromLeader?: boolean;
  readonly wait?: boolean;
}

function addReinit(program: Command, parts: ProgramParts): void {
  program
    .command('reinit <cluster> [members...]')
    .description('Have replicas cloned anew; their data are moved aside')
    .option('--force', 'ask nothing, and cancel what is under way there')
    .option('--from-leader', 'copy from the leader, whoever else offers itself')
    .option('--wait', 'until the copies are there')
    .action(
      on(program, parts, async (session, cluster: string, members: string[], flags: ReinitFlags) => {
        const { reinit } = await import('./commands/reinit.ts');
        const [isForced, fromLeader, waits] = [flags.force, flags.fromLeader, flags.wait].map((flag) => flag === true);
        return reinit(
          { cluster, members, isForced: isForced === true, fromLeader: fromLeader === true, waits: waits === true },
          session,
        );
      }),
    );
}

interface DivergenceFlags {
  readonly json?: boolean;
  readonly force?: boolean;
}

const DIVERGENCE = [
  ['list', 'List what members have given up when they were rewound or cloned anew'],
  ['show', 'Show one of those records'],
  ['discard', 'Delete what is kept of one; what was held may then be given up'],
] as const;

function addDivergence(program: Command, parts: ProgramParts): void {
  const group = program.command('divergence').description('WAL and data that members gave up');
  for (const [action, description] of DIVERGENCE) {
    const command = group.command(`${action} [cluster] [member] [id]`).description(description);
    if (action === 'discard') command.option('--force', 'ask nothing');
    else command.option('--json', 'as one JSON object');
    command.action(async (...given: [string | undefined, string | undefined, string | undefined, DivergenceFlags]) => {
      const [cluster, member, id, flags] = given;
      const [isJson, isForced] = [flags.json === true, flags.force === true];
      await on(program, parts, async (session) => {
        const { divergence } = await import('./commands/divergence.ts');
        return divergence(action, { cluster, member, id, isJson, isForced }, session);
      })();
    });
  }
}

interface ExplainFlags {
  readonly format: string;
  readonly json?: boolean;
  readonly candidates?: boolean;
}

interface RecoverFlags {
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly url: readonly string[];
}

function addRecover(program: Command, parts: ProgramParts): void {
  program
    .command('recover [cluster]')
    .description('Tell who can lead when nobody does, why nothing happens by itself, and what to run')
    .option('--plan', 'only plan; nothing is changed')
    .option('--url <url>', 'REST address of a member whose key is gone; may be repeated', collected, [])
    .option('--json', 'as one JSON object')
    .action(
      on(program, parts, async (session, cluster: string | undefined, flags: RecoverFlags) => {
        const { recover } = await import('./commands/recover.ts');
        const [isPlan, isJson] = [flags.plan === true, flags.json === true];
        return recover({ cluster, isPlan, isJson, urls: flags.url }, session);
      }),
    );
}

interface WorkFlags {
  readonly role: MemberRole;
  readonly force?: boolean;
}

interface RestartFlags extends WorkFlags {
  readonly any?: boolean;
  readonly scheduled?: string;
  readonly pgVersion?: string;
  readonly pending?: boolean;
  readonly timeout?: string;
}

function addWork(program: Command, parts: ProgramParts): void {
  program
    .command('restart <cluster> [members...]')
    .description('Restart PostgreSQL on members')
    .addOption(roleOption())
    .option('--any', 'only one of them, whichever')
    .option('--scheduled <time>', 'when, as ISO 8601 or now')
    .option('--pg-version <version>', 'only where the running version is below')
    .option('--pending', 'only where parameters wait for a restart')
    .option('--timeout <time>', 'give up on a start that takes longer, and fail over')
    .option('--force', 'ask nothing')
    .action(
      on(program, parts, async (session, cluster: string, members: string[], flags: RestartFlags) => {
        const { restart } = await import('./commands/restart.ts');
        const { role, scheduled, timeout, pgVersion: version } = flags;
        const [isAny, isPending, isForced] = [flags.any === true, flags.pending === true, flags.force === true];
        return restart({ cluster, members, role, scheduled, version, timeout, isAny, isPending, isForced }, session);
      }),
    );
  program
    .command('reload <cluster> [members...]')
    .description('Have members read their configuration files again')
    .addOption(roleOption())
    .option('--force', 'ask nothing')
    .action(
      on(program, parts, async (session, cluster: string, members: string[], { role, force }: WorkFlags) => {
        const { reload } = await import('./commands/reload.ts');
        return reload({ cluster, members, role, isForced: force === true }, session);
      }),
    );
  program
    .command('flush <cluster> <what...>')
    .usage('[options] <cluster> [members...] restart|switchover')
    .description('Take scheduled restarts, or a scheduled switchover, back')
    .addOption(roleOption())
    .option('--force', 'ask nothing')
    .action(
      on(program, parts, async (session, cluster: string, words: string[], { role, force }: WorkFlags) => {
        const [members, what] = [words.slice(0, -1), words.at(-1)];
        if (what === 'switchover') {
          const { flushSwitchover } = await import('./commands/flush-switchover.ts');
          return flushSwitchover(cluster, session);
        }
        if (what !== 'restart') throw new InvalidArgumentError('the last word must be restart or switchover');
        const { flushRestart } = await import('./commands/flush-restart.ts');
        return flushRestart({ cluster, members, role, isForced: force === true }, session);
      }),
    );
}

function roleOption(): Option {
  return new Option('-r, --role <role>', 'only members of this role').choices(MEMBER_ROLES).default('any');
}

function addPause(program: Command, parts: ProgramParts, action: PauseAction): void {
  program
    .command(`${action} [cluster]`)
    .description(
      action === 'pause' ? 'Let nothing happen by itself: maintenance mode' : 'End the maintenance mode of a cluster',
    )
    .option('--wait', 'return once every member has seen it')
    .action(
      on(program, parts, async (session, cluster: string | undefined, { wait }: { readonly wait?: boolean }) => {
        const { pause } = await import('./commands/pause.ts');
        return pause(action, { cluster, isPatient: wait === true }, session);
      }),
    );
}

function addOwn(program: Command, parts: ProgramParts): void {
  program
    .command('bootstrap <cluster>')
    .description('Initialise a cluster, on the member whose file is given by -c or on --member')
    .option('--member <name>', 'the member to do it on; it must be running')
    .action(
      on(program, parts, async (session, cluster: string, { member }: { readonly member?: string }) => {
        const { bootstrap } = await import('./commands/bootstrap.ts');
        return bootstrap({ cluster, member }, session);
      }),
    );
  program
    .command('explain [topic] [cluster]')
    .description('Tell why the last role change happened; topic last-failover: the time of each of its links')
    .addOption(new Option('-f, --format <format>', 'how to print').choices(['pretty', 'json']).default('pretty'))
    .option('--candidates', 'tell instead who would lead, in which order, and why (not)')
    .option('--json', 'as one JSON object: --format json')
    .action(
      on(
        program,
        parts,
        async (session, topic: string | undefined, cluster: string | undefined, flags: ExplainFlags) => {
          const isJson = flags.json === true || flags.format === 'json';
          if (flags.candidates === true) {
            const { explainCandidates } = await import('./commands/explain-candidates.ts');
            return explainCandidates({ cluster: cluster ?? topic, isJson }, session);
          }
          const { explain } = await import('./commands/explain.ts');
          const isChain = topic === 'last-failover';
          return explain({ cluster: isChain ? cluster : (cluster ?? topic), isJson, isChain }, session);
        },
      ),
    );
}

function formatOption(): Option {
  return new Option('-f, --format <format>', 'how to print').choices(FORMATS).default('pretty');
}

function secondsToMs(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= SECONDS_MAX))
    throw new InvalidArgumentError(`not a number of seconds, or more than ${SECONDS_MAX}`);
  return seconds * 1000;
}
