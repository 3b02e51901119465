import { signal } from '../../postgres/kill-server.ts';
import { allProcesses } from '../../postgres/process-table.ts';

/** Ends a process with its descendants: stopped first, so that none of them starts another meanwhile. */
export function killTree(pid: number): void {
  signal(pid, 'SIGSTOP');
  const doomed = new Set([pid]);
  for (let before = 0; before !== doomed.size;) {
    before = doomed.size;
    for (const found of allProcesses()) {
      if (doomed.has(found.pid) || !doomed.has(found.parentPid)) continue;
      doomed.add(found.pid);
      signal(found.pid, 'SIGSTOP');
    }
  }
  for (const each of doomed) signal(each, 'SIGKILL');
  // Those that left the tree but not the group.
  signal(-pid, 'SIGKILL');
}
