// The guard where little is left to it: memory used up, everybody stopped, a disk that does not answer, and its own size.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LoopDisk, loopDisksRefused } from '../../support/loop-disk.ts';
import { MemoryGroup, memoryGroupsRefused } from '../../support/memory-group.ts';
import { bootMs, GuardRig, isAlive, kill, present, until } from './guard-rig.ts';

let rig: GuardRig;
beforeEach(() => {
  rig = new GuardRig();
  rig.holdsCluster();
});
afterEach(() => rig.dispose());

const dead = () => until(() => rig.working() === 0 || undefined);
const pushed = (agent: ReturnType<GuardRig['startAgent']>) => once(present(agent.stdout ?? undefined), 'data');
const noDisks = loopDisksRefused();
const noLimits = await memoryGroupsRefused();
for (const why of [noDisks, noLimits]) if (why !== undefined) process.stderr.write(`not all is tried: ${why}\n`);

describe('memory', () => {
  test('an agent whose heap is full dies of it; the guard does not, and acts', async () => {
    const agent = rig.startAgent(rig.startTree(), 2_000, 'fill-heap');
    const ended = once(agent, 'exit');
    await rig.armed();
    expect((await ended)[1]).toBe('SIGABRT');
    await dead();
    await rig.fired();
  });

  test.skipIf(noLimits !== undefined)(
    `the kernel out of memory kills the agent, not the guard (${noLimits ?? ''})`,
    async () => {
      const group = new MemoryGroup(160);
      const agent = rig.startAgent(rig.startTree(), 2_000, 'fill-memory', group.command);
      const ended = once(agent, 'exit');
      await rig.armed();
      const guard = rig.guardPid;
      expect((await ended)[1]).toBe('SIGKILL');
      expect(isAlive(guard)).toBe(true);
      await dead();
      await rig.fired();
      kill(guard, 'SIGKILL');
      await until(() => !isAlive(guard) || undefined);
      await group.dispose();
    },
  );

  test('the guard itself stays small, however often it is asked', async () => {
    const postmaster = rig.startTree();
    await rig.client.state(20_000);
    for (let push = 0; push < 500; push += 1) await rig.client.arm(rig.order(postmaster, 60_000), 5_000);
    const rollup = readFileSync(`/proc/${rig.guardPid}/smaps_rollup`, 'utf8');
    const ownKiB = ['Private_Dirty', 'Private_Clean'].map((name) =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(rollup)?.[1]),
    );
    // The rest of its 15 MB beside two other members is its part of Node's program.
    expect(ownKiB.reduce((sum, each) => sum + each, 0)).toBeLessThan(10_240);
  });
});

describe('agent and guard are stopped past the deadline, then go on', () => {
  test.each(['agent', 'guard'] as const)('the %s first: the guard acts before it is told anything', async (first) => {
    const agent = rig.startAgent(rig.startTree(), 1_500);
    await rig.armed();
    const pids = { agent: present(agent.pid), guard: rig.guardPid };
    for (const pid of Object.values(pids)) kill(pid, 'SIGSTOP');
    const stoppedMs = bootMs();
    await until(() => bootMs() > stoppedMs + 2_000 || undefined);
    expect(rig.working()).toBeGreaterThan(4);
    kill(pids[first], 'SIGCONT');
    if (first === 'agent') await pushed(agent);
    for (const pid of Object.values(pids)) kill(pid, 'SIGCONT');
    await dead();
    expect(await rig.fired()).toMatchObject({ state: { kind: 'fired', reign: 7 } });
    expect(rig.log).toContain('did not run for');
  });
});

describe.skipIf(noDisks !== undefined)(`a process in state D (${noDisks ?? 'on a frozen disk'})`, () => {
  test('is tried again and again and reported, until it is gone', async () => {
    const disk = new LoopDisk(`${rig.dataDir}.img`, rig.dataDir, 'root', { sizeMiB: 32 });
    try {
      rig.holdsCluster();
      const postmaster = rig.startTree(
        1,
        `echo > ${join(rig.dataDir, 'ready')}; sleep 0.5; echo > ${join(rig.dataDir, 'stuck')}`,
      );
      await until(() => rig.working() > 1 || undefined);
      await rig.client.state(20_000);
      await disk.freeze();
      await until(() => stateOf(postmaster.pid) === 'D' || undefined);
      const order = rig.order(postmaster, 200);
      await rig.client.arm(order, 5_000);
      await until(() => rig.log.includes('do not die: waiting for the kernel') || undefined, 40_000);
      expect(await rig.client.state(5_000)).toMatchObject({ state: { kind: 'fired', left: 1 } });
      // It must not be given a new order while the last one is not done.
      expect(await rig.client.arm(rig.order(postmaster, 60_000, 8), 5_000)).toMatchObject({ state: { kind: 'fired' } });
      await disk.thaw();
      await rig.fired();
      await until(() => rig.hasStandbySignal() || undefined);
    } finally {
      await disk.thaw().catch(() => undefined);
      kill(rig.guardPid, 'SIGKILL');
      disk.dispose();
    }
  });
});

function stateOf(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0];
}
