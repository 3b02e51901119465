import type { Tags } from '../../core/model/cluster.ts';
import type { GuardProgram } from '../guard.ts';
import type { PgHost } from '../database/world.ts';
import type { Machine } from '../time/machine.ts';
import type { WatchdogDevice } from '../watchdog.ts';
import type { Agent } from './agent.ts';
import type { PromiseDisk } from './promise-disk.ts';

/** One member: its machine, what is on its disk, and what runs there now. */
export interface SimMember {
  readonly name: string;
  readonly machine: Machine;
  readonly host: PgHost;
  readonly promises: PromiseDisk;
  guard: GuardProgram;
  readonly watchdog: WatchdogDevice;
  agent: Agent | undefined;
  /** As its local file has them. */
  tags: Tags;
  /** Its tag `replicatefrom`. */
  upstream: string | undefined;
}

export function tagsOf({ tags, upstream }: SimMember): Tags {
  return upstream === undefined ? tags : { ...tags, replicatefrom: upstream };
}
