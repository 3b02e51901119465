// Role changes and API clients for a long time: what an agent holds afterwards must be what it held before.
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareCluster, type TestCluster, type TestMember } from '../../test/support/kornak-cluster.ts';
import { ApiClients } from './api-clients.ts';
import { type Holding, holdingOf, witnessedCommand } from './holding.ts';
import { holdingText, type MemberStory } from './verdict.ts';

export interface MemoryOrder {
  readonly mode: 'on' | 'quorum' | 'off';
  readonly changes: number;
  readonly minutes: number;
  /** When memory is first compared. */
  readonly warmMinutes: number;
  readonly clients: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface MemoryResult {
  readonly changes: number;
  readonly minutes: number;
  readonly answered: number;
  readonly left: number;
  readonly members: readonly MemberStory[];
}

const MINUTE_MS = 60_000;
const WHOLE_MS = 180_000;
const SETTLE_MS = 30_000;
/** Every so many the server of the leader is killed instead. */
const KILL_EVERY = 5;
const HAND_TRIES = 10;

type Holdings = ReadonlyMap<TestMember, Holding>;

async function holdings(cluster: TestCluster): Promise<Holdings> {
  return new Map(await Promise.all(cluster.members.map(async (member) => [member, await holdingOf(member)] as const)));
}

function sayAll(say: (line: string) => void, what: string, all: Holdings): void {
  for (const [{ name }, holding] of all) say(`${what} ${name}: ${holdingText(holding)}`);
}

async function standUp({ mode }: MemoryOrder): Promise<TestCluster> {
  const cluster = await prepareCluster({
    scope: 'memory',
    dcs: { synchronous_mode: mode === 'off' ? false : mode === 'on' ? true : 'quorum' },
    command: () => witnessedCommand,
  });
  try {
    cluster.startAll();
    await whole(cluster, mode);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function whole(cluster: TestCluster, mode: MemoryOrder['mode']): Promise<TestMember> {
  const primary = await cluster.streaming(2, WHOLE_MS);
  if (mode !== 'off') await cluster.synchronous();
  return primary;
}

export async function runMemory(order: MemoryOrder): Promise<MemoryResult> {
  const cluster = await standUp(order);
  try {
    return await worn(cluster, order);
  } finally {
    await cluster.stop();
  }
}

async function worn(cluster: TestCluster, order: MemoryOrder): Promise<MemoryResult> {
  const { mode, say, signal, minutes } = order;
  const wait = (ms: number): Promise<unknown> => sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
  const first = await whole(cluster, mode);
  await wait(SETTLE_MS);
  const start = await holdings(cluster);
  sayAll(say, 'start', start);
  const clients = new ApiClients(cluster.members);
  clients.start(order.clients);
  const beganMs = performance.now();
  let changes = 0;
  const wear = async (until: number, share: number): Promise<void> => {
    while (!signal.aborted && changes < share) {
      await wait(beganMs + (changes * minutes * MINUTE_MS) / order.changes - performance.now());
      if (signal.aborted) return;
      if (await changeRoles(cluster, mode, changes)) changes += 1;
    }
    await wait(beganMs + until * MINUTE_MS - performance.now());
  };
  await wear(order.warmMinutes, Math.ceil((order.changes * order.warmMinutes) / minutes));
  const warm = await holdings(cluster);
  sayAll(say, 'warm', warm);
  await wear(minutes, order.changes);
  const late = await holdings(cluster);
  sayAll(say, 'late', late);
  const tookMs = performance.now() - beganMs;
  await clients.stop();
  await handTo(cluster, mode, first);
  await sleep(SETTLE_MS);
  const end = await holdings(cluster);
  sayAll(say, 'end', end);
  return {
    changes,
    minutes: Math.round((tookMs / MINUTE_MS) * 10) / 10,
    answered: clients.answered,
    left: clients.left,
    members: cluster.members.map((member) => storyOf(member, { start, warm, late, end })),
  };
}

function storyOf(member: TestMember, all: Readonly<Record<'start' | 'warm' | 'late' | 'end', Holdings>>): MemberStory {
  const of = (holdingsThen: Holdings): Holding => {
    const holding = holdingsThen.get(member);
    if (holding === undefined) throw new Error(`nothing known of ${member.name}`);
    return holding;
  };
  return { member: member.name, start: of(all.start), warm: of(all.warm), late: of(all.late), end: of(all.end) };
}

/** Whether there was one: a switchover is refused while nobody could take over. */
async function changeRoles(cluster: TestCluster, mode: MemoryOrder['mode'], number: number): Promise<boolean> {
  const leader = await whole(cluster, mode);
  const isKill = number % KILL_EVERY === KILL_EVERY - 1;
  if (isKill) await leader.killPostgres();
  else await switchover(leader, {});
  return (await whole(cluster, mode)) !== leader || isKill;
}

async function switchover(leader: TestMember, more: Readonly<Record<string, string>>): Promise<void> {
  await leader.api('/switchover', { method: 'POST', body: { leader: leader.name, ...more } });
}

async function handTo(cluster: TestCluster, mode: MemoryOrder['mode'], wanted: TestMember): Promise<void> {
  for (let trial = 0; trial < HAND_TRIES; trial += 1) {
    const leader = await whole(cluster, mode);
    if (leader === wanted) return;
    await switchover(leader, { candidate: wanted.name });
  }
  throw new Error(`${wanted.name} does not lead again`);
}
