import type { Cluster } from '../cluster/cluster.ts';
import { isStalled } from '../database/disk-fault.ts';

const LOOK_MS = 1000;

/** I8 while a fault lasts: nobody leads on a disk that stands still for longer than that, where others are well. */
export function watchHangs(cluster: Cluster, hangsMsMax: number): void {
  let since: { readonly name: string; readonly atMs: number } | undefined;
  const look = (): void => {
    const leader = cluster.leader();
    const { agenda } = cluster;
    const isHanging = leader !== undefined && isStalled(leader.host.disk) && hasOther(cluster, leader.name);
    since = isHanging ? (since?.name === leader.name ? since : { name: leader.name, atMs: agenda.nowMs }) : undefined;
    if (since !== undefined && agenda.nowMs - since.atMs > hangsMsMax)
      cluster.checker.fail('I8', `${since.name} leads on a disk that has stood still for ${hangsMsMax / 1000} s`);
    agenda.after(LOOK_MS, look);
  };
  look();
}

/** Enough to elect one of them stream, on disks that are well. */
function hasOther({ ledger, members }: Cluster, leader: string): boolean {
  const well = members.filter(
    ({ name, host }) =>
      name !== leader && host.disk.fault === undefined && host.server?.receiver?.status === 'streaming',
  );
  const { voters, quorum } = ledger.sync;
  return ledger.isSynchronous ? well.filter(({ name }) => voters.includes(name)).length > quorum : well.length > 0;
}
