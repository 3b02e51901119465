import { type Command, Option } from 'commander';
import { on, type ProgramParts } from './program-parts.ts';

interface DemoteFlags {
  readonly host?: string;
  readonly port?: string;
  readonly restoreCommand?: string;
  readonly primarySlotName?: string;
  readonly force?: boolean;
}

/** `demote-cluster` and `promote-cluster`. */
export function addStandbyCluster(program: Command, parts: ProgramParts): void {
  program
    .command('demote-cluster [cluster]')
    .description('Have a whole cluster follow another one')
    .option('--host <host>', 'host of the other cluster; several with commas between')
    .option('--port <port>', 'port there')
    .option('--restore-command <command>', 'how WAL of the other cluster is fetched from its archive')
    .option('--primary-slot-name <slot>', 'slot there, which nobody makes by itself')
    .addOption(new Option('--force', 'ask nothing'))
    .action(
      on(program, parts, async (session, cluster: string | undefined, flags: DemoteFlags) => {
        const { demoteCluster } = await import('./commands/standby-cluster.ts');
        const { host, port, restoreCommand, primarySlotName, force } = flags;
        const target = { host, port, restoreCommand, primarySlotName };
        return demoteCluster({ cluster, isForced: force === true, target }, session);
      }),
    );
  program
    .command('promote-cluster [cluster]')
    .description('Have a cluster that follows another one go on by itself')
    .option('--force', 'ask nothing')
    .action(
      on(program, parts, async (session, cluster: string | undefined, { force }: { readonly force?: boolean }) => {
        const { promoteCluster } = await import('./commands/standby-cluster.ts');
        return promoteCluster({ cluster, isForced: force === true }, session);
      }),
    );
}
