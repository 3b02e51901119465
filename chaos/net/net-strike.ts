import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { spawnIn } from '../../test/support/process-group.ts';
import type { Delays } from './delays.ts';
import type { NetCluster } from './net-cluster.ts';
import { FAKETIME, type NetHost, signalTo } from './net-host.ts';
import type { NetFault, NetFaultKind } from './net-schedule.ts';
import { clearTroubles, type Manner, trouble } from './packet-filter.ts';

export interface Arena {
  readonly cluster: NetCluster;
  readonly delays: Delays;
}

interface Blow extends Arena {
  readonly fault: NetFault;
  readonly victim: NetHost;
}

/** It may come twice: at its own time, and when everything is repaired. */
type Undo = () => Promise<void> | void;
type Strike = (blow: Blow) => Promise<Undo | void> | Undo | void;

const LOOPS_A_CORE = 8;
const JUMPS_S = [-3_600, -30, 30, 3_600, 31_536_000] as const;
const SILENCE_SHARE = 0.65;

/** The leader of the moment first, then the others by name. */
async function victimOf(
  cluster: NetCluster,
  fault: NetFault,
): Promise<{ readonly victim: NetHost; readonly leads: boolean }> {
  const leader = await cluster.primary();
  const others = cluster.hosts.filter((host) => host !== leader);
  const victim = [leader, ...others].filter((host) => host !== undefined)[fault.victim] ?? cluster.hosts[0];
  if (victim === undefined) throw new Error('a cluster has hosts');
  // Where nobody says that he accepts writes it may strike whoever does.
  return { victim, leads: leader === undefined || victim === leader };
}

/** Another number in [0, 1) from the one choice of a fault. */
const furtherChoice = ({ choice }: NetFault, which: number): number => (choice * 97 * which) % 1;
const mannerOf = (fault: NetFault): Manner => (furtherChoice(fault, 1) < SILENCE_SHARE ? 'silence' : 'reset');

async function linkDown({ cluster: { network }, victim: { host }, fault }: Blow): Promise<Undo> {
  if (fault.choice < 0.6) {
    await network.setCable(host, false);
    return () => network.setCable(host, true);
  }
  await network.setInterface(host, false);
  return () => network.setInterface(host, true);
}

const cutPorts =
  (...ports: readonly number[]): Strike =>
  ({ victim, fault }) =>
    trouble(victim.host, { kind: 'ports', ports, manner: mannerOf(fault) });

async function cutPair({ cluster, victim, fault }: Blow): Promise<Undo | void> {
  const peer = cluster.others(victim)[fault.choice < 0.5 ? 0 : 1];
  if (peer === undefined) return undefined;
  return await trouble(victim.host, { kind: 'peer', address: peer.host.address, manner: mannerOf(fault) });
}

async function freezeProcess({ victim, fault }: Blow): Promise<Undo> {
  const own = (await victim.postgresProcesses()).filter(({ title }) => !title.includes('[local]'));
  const sorted = own.toSorted((a, b) => a.title.localeCompare(b.title));
  const chosen = sorted[Math.floor(fault.choice * sorted.length)];
  if (chosen !== undefined) signalTo(chosen.pid, 'SIGSTOP');
  return () => {
    if (chosen !== undefined) signalTo(chosen.pid, 'SIGCONT');
  };
}

function starve({ cluster }: Blow): Undo {
  const loops = Array.from({ length: LOOPS_A_CORE * availableParallelism() }, () =>
    spawnIn(cluster.load, ['sh', '-c', 'while :; do :; done'], { stdio: 'ignore' }),
  );
  return () => {
    for (const loop of loops) loop.kill('SIGKILL');
  };
}

async function killStoreLeader({ cluster, victim }: Blow): Promise<Undo> {
  const leader = (await cluster.storeLeader()) ?? victim;
  await leader.kill('etcd');
  return () => leader.startEtcd();
}

function storeMajority({ cluster, victim }: Blow): readonly NetHost[] {
  return [victim, ...cluster.others(victim).slice(0, 1)];
}

function jumpClock({ victim, fault }: Blow): Undo {
  victim.setClock(JUMPS_S[Math.floor(fault.choice * JUMPS_S.length)] ?? 0);
  return () => victim.setClock(0);
}

async function switchOver({ cluster, victim }: Blow): Promise<void> {
  const leader = await cluster.primary();
  // Refused, or nobody there to ask: both are answers.
  const candidate = victim === leader ? [] : ['--candidate', victim.name];
  await victim.ctl('switchover', cluster.scope, '--leader', leader?.name ?? victim.name, ...candidate, '--force');
}

const STRIKES: Readonly<Record<NetFaultKind, Strike>> = {
  'link-down': linkDown,
  'cut-in': ({ victim, fault }) => trouble(victim.host, { kind: 'deaf', manner: mannerOf(fault) }),
  'cut-out': ({ victim, fault }) => trouble(victim.host, { kind: 'mute', manner: mannerOf(fault) }),
  'cut-pair': cutPair,
  'cut-5432': cutPorts(5432),
  'cut-store': cutPorts(2379, 2380),
  'cut-2379': cutPorts(2379),
  'cut-8008': cutPorts(8008),
  loss: ({ victim, fault }) => trouble(victim.host, { kind: 'loss', percent: Math.round(5 + 35 * fault.choice) }),
  delay: ({ delays, victim, fault }) => {
    delays.set(victim.host, Math.round(30 + 370 * fault.choice));
    return () => delays.set(victim.host, 0);
  },
  'host-freeze': async ({ victim: { group } }) => {
    await group.freeze();
    return () => group.thaw();
  },
  'host-kill': async ({ victim }) => {
    await victim.powerOff();
    return () => victim.powerOn();
  },
  'process-freeze': freezeProcess,
  'agent-kill': async ({ victim }) => {
    await victim.kill('agent');
    return () => victim.startAgent();
  },
  'agent-freeze': ({ victim }) => {
    victim.signal('agent', 'SIGSTOP');
    return () => victim.signal('agent', 'SIGCONT');
  },
  'postgres-kill': ({ victim }) => victim.signalPostgres('SIGKILL'),
  'disk-full': async ({ victim }) => {
    await victim.disk.fill();
    return () => victim.emptyDisk();
  },
  'disk-read-only': async ({ victim }) => {
    await victim.damageDisk();
    return () => victim.mendDisk();
  },
  'cpu-starvation': starve,
  'etcd-leader-kill': killStoreLeader,
  'etcd-majority-kill': async (blow) => {
    const victims = storeMajority(blow);
    await Promise.all(victims.map((host) => host.kill('etcd')));
    return () => {
      for (const host of victims) host.startEtcd();
    };
  },
  'etcd-majority-freeze': (blow) => {
    const victims = storeMajority(blow);
    for (const host of victims) host.signal('etcd', 'SIGSTOP');
    return () => {
      for (const host of victims) host.signal('etcd', 'SIGCONT');
    };
  },
  'clock-jump': jumpClock,
  switchover: switchOver,
};

export interface Struck {
  /** Whom, and if need be why nothing was done, for the record. */
  readonly told: string;
  readonly undo: Undo;
  /** Whether a change of the leader may come of it. */
  readonly mayMove: boolean;
}

/** Whoever it strikes, the leader has no reason to go. */
const HARMLESS: ReadonlySet<NetFaultKind> = new Set([
  'cut-2379',
  'cut-8008',
  'cpu-starvation',
  'etcd-leader-kill',
  'clock-jump',
]);
/** They are not of one host. */
const COMMON: ReadonlySet<NetFaultKind> = new Set(['etcd-majority-kill', 'etcd-majority-freeze', 'switchover']);

export async function strikeNet(arena: Arena, fault: NetFault): Promise<Struck> {
  const { victim, leads } = await victimOf(arena.cluster, fault);
  const mayMove = COMMON.has(fault.kind) || (leads && !HARMLESS.has(fault.kind));
  try {
    const undo = await STRIKES[fault.kind]({ ...arena, fault, victim });
    return { told: victim.name, undo: undo ?? (() => undefined), mayMove };
  } catch (error) {
    // A disk that is read-only cannot be filled, for one.
    return { told: `${victim.name}, not done: ${String(error)}`, undo: () => undefined, mayMove };
  }
}

/** What must stand before a round with these faults begins. */
export async function prepareFor({ cluster, delays }: Arena, faults: readonly NetFault[]): Promise<void> {
  const kinds = new Set(faults.map(({ kind }) => kind));
  if (kinds.has('delay')) await delays.interpose();
  if (kinds.has('clock-jump') && canFakeTime()) await restartAgents(cluster, true);
}

export async function tidyUpAfter({ cluster, delays }: Arena, faults: readonly NetFault[]): Promise<void> {
  const kinds = new Set(faults.map(({ kind }) => kind));
  if (kinds.has('delay')) await delays.withdraw();
  if (kinds.has('clock-jump') && canFakeTime()) await restartAgents(cluster, false);
}

export function canFakeTime(): boolean {
  return existsSync(FAKETIME);
}

/** Within their leases, one after the other: PostgreSQL goes on. */
async function restartAgents(cluster: NetCluster, hasOwnClock: boolean): Promise<void> {
  for (const host of cluster.hosts) {
    host.giveOwnClock(hasOwnClock);
    await host.kill('agent');
    host.startAgent();
  }
}

/** Whatever a fault has left behind. */
export async function repairNet({ cluster, delays }: Arena): Promise<void> {
  await cluster.load.kill();
  for (const host of cluster.hosts) {
    await clearTroubles(host.host);
    await cluster.network.setCable(host.host, true);
    await cluster.network.setInterface(host.host, true);
    delays.set(host.host, 0);
    host.setClock(0);
    host.emptyDisk();
    await host.group.thaw();
    for (const pid of await host.group.pids()) signalTo(pid, 'SIGCONT');
    await host.mendDisk();
    host.powerOn();
  }
}
