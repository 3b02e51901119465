import type { EtcdMember } from '../test/support/etcd-cluster.ts';
import type { TestCluster, TestMember } from '../test/support/kornak-cluster.ts';
import type { PlannedFault } from './schedule.ts';

export type Mode = 'on' | 'quorum' | 'off';

interface Blow {
  readonly cluster: TestCluster;
  readonly fault: PlannedFault;
  readonly victim: TestMember;
  readonly mode: Mode;
}

type Undo = () => Promise<void> | void;

/** The leader of the moment first, then the others by name. */
async function victimOf(cluster: TestCluster, fault: PlannedFault): Promise<TestMember> {
  const leader = await cluster.primary(2_000).catch(() => undefined);
  const others = cluster.members.filter((member) => member !== leader);
  const victim = [leader, ...others].filter((member) => member !== undefined)[fault.victim];
  return victim ?? others[0] ?? cluster.member('a');
}

function etcdOf({ cluster, fault }: Blow): EtcdMember {
  const member = cluster.etcd.members[fault.victim];
  if (member === undefined) throw new Error('three etcd members are needed');
  return member;
}

/** Settings that may change at any time, each with what it must never make worse. */
function settingsOf({ fault, mode }: Blow): Record<string, unknown> {
  const choices: readonly Record<string, unknown>[] = [
    { synchronous_node_count: fault.choice < 0.5 ? 2 : 1 },
    { loop_wait: 3 + Math.floor(fault.choice * 7) },
    { postgresql: { parameters: { work_mem: `${4 + Math.floor(fault.choice * 8)}MB` } } },
    ...(mode === 'off' ? [] : [{ synchronous_mode: fault.choice < 0.5 ? 'quorum' : 'on' }]),
  ];
  return choices[Math.floor((fault.choice * 97) % choices.length)] ?? {};
}

async function changeConfig(blow: Blow): Promise<void> {
  const body = settingsOf(blow);
  for (const member of blow.cluster.members) {
    const answer = await member.api('/config', { method: 'PATCH', body }).catch(() => undefined);
    if (answer?.status === 200) return;
  }
}

async function switchOver({ cluster, victim }: Blow): Promise<void> {
  // Refused, or nobody there to ask: both are answers.
  const leader = await cluster.primary(1_000).catch(() => undefined);
  const candidate = victim === leader ? [] : ['--candidate', victim.name];
  await cluster.ctl('switchover', cluster.scope, '--leader', leader?.name ?? victim.name, ...candidate, '--force');
}

async function failOver({ cluster, victim }: Blow): Promise<void> {
  await cluster.ctl('failover', cluster.scope, '--candidate', victim.name, '--force');
}

async function reinitialize({ cluster, victim }: Blow): Promise<void> {
  await cluster.ctl('reinit', cluster.scope, victim.name, '--force');
}

async function restartServer({ cluster, victim }: Blow): Promise<void> {
  await cluster.ctl('restart', cluster.scope, victim.name, '--force');
}

async function restartAgent({ victim }: Blow): Promise<Undo> {
  victim.signal('SIGTERM');
  return async () => {
    await victim.exited(60_000);
    victim.start();
  };
}

function signalPostgres(victim: TestMember, signal: NodeJS.Signals): Promise<void> {
  return victim.killPostgres(signal);
}

function freezeStore({ cluster }: Blow): Undo {
  for (const member of cluster.etcd.members) member.freeze();
  return () => {
    for (const member of cluster.etcd.members) member.thaw();
  };
}

const STRIKES: Readonly<Record<PlannedFault['kind'], (blow: Blow) => Promise<Undo | void> | Undo | void>> = {
  'node-kill': async ({ victim }) => {
    await victim.killNode();
    return () => victim.start();
  },
  'node-freeze': async ({ victim }) => {
    await victim.freeze();
    return () => victim.thaw();
  },
  'postgres-kill': ({ victim }) => signalPostgres(victim, 'SIGKILL'),
  'postgres-freeze': async ({ victim }) => {
    await signalPostgres(victim, 'SIGSTOP');
    return () => signalPostgres(victim, 'SIGCONT');
  },
  'agent-kill': async ({ victim }) => {
    await victim.killAgent();
    return () => victim.start();
  },
  'agent-freeze': ({ victim }) => {
    victim.signal('SIGSTOP');
    return () => victim.signal('SIGCONT');
  },
  'agent-restart': restartAgent,
  switchover: switchOver,
  failover: failOver,
  reinit: reinitialize,
  restart: restartServer,
  'config-change': changeConfig,
  'store-member-kill': async (blow) => {
    const member = etcdOf(blow);
    await member.kill();
    return () => member.start();
  },
  'store-member-freeze': (blow) => {
    const member = etcdOf(blow);
    member.freeze();
    return () => member.thaw();
  },
  'store-outage': async ({ cluster }) => {
    await Promise.all(cluster.etcd.members.map((member) => member.kill()));
    return () => {
      for (const member of cluster.etcd.members) member.start();
    };
  },
  'store-freeze': freezeStore,
};

/** Does it, and tells how it ends; whom it struck is for the record. */
export async function strike(
  cluster: TestCluster,
  fault: PlannedFault,
  mode: Mode,
): Promise<{ readonly victim: string; readonly undo: Undo }> {
  const victim = await victimOf(cluster, fault);
  // A member whose agent is down already is struck once only.
  const isDown = victim.exitCode !== undefined;
  const takesAgent = fault.kind.startsWith('agent') || fault.kind.startsWith('node');
  if (isDown && takesAgent) return { victim: victim.name, undo: () => undefined };
  const undo = await STRIKES[fault.kind]({ cluster, fault, victim, mode });
  return { victim: victim.name, undo: undo ?? (() => undefined) };
}
