import { beginFault, type DiskFaultKind, endFault } from '../database/disk-fault.ts';
import type { Server } from '../database/server.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { SimMember } from '../cluster/member.ts';
import type { FaultKind } from './kinds.ts';

interface Blow {
  readonly cluster: Cluster;
  readonly victim: SimMember;
}

type Undo = (() => void) | undefined;

type HealthFault = Extract<
  FaultKind,
  'postgres-hang' | 'postmaster-hang' | 'postmaster-kill' | 'disk-stall' | 'disk-read-only' | 'disk-full'
>;

/** A server or a disk that is there and is no good. */
export const HEALTH_STRIKES: Readonly<Record<HealthFault, (blow: Blow) => Undo>> = {
  'postgres-hang': ({ cluster, victim }) => {
    const { server } = victim.host;
    server?.process.stop();
    const hear = deafen(server, cluster.agenda.nowMs);
    return () => {
      hear();
      server?.process.continue();
    };
  },
  'postmaster-hang': ({ cluster, victim }) => deafen(victim.host.server, cluster.agenda.nowMs),
  'postmaster-kill': ({ victim }) => {
    victim.host.server?.orphan();
    return undefined;
  },
  'disk-stall': (blow) => spoilDisk(blow, 'stalled'),
  'disk-read-only': (blow) => spoilDisk(blow, 'readOnly'),
  'disk-full': (blow) => spoilDisk(blow, 'full'),
};

/** The postmaster answers nobody new; who has a session goes on. */
function deafen(server: Server | undefined, nowMs: number): () => void {
  if (server === undefined || server.deafSinceMs !== undefined) return () => undefined;
  server.deafSinceMs = nowMs;
  return () => {
    if (server.host.orphans !== server) server.deafSinceMs = undefined;
  };
}

function spoilDisk({ cluster, victim }: Blow, kind: DiskFaultKind): Undo {
  const { disk } = victim.host;
  if (disk.fault !== undefined) return undefined;
  beginFault(disk, { kind, sinceMs: cluster.agenda.nowMs });
  return () => endFault(disk);
}
