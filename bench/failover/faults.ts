import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/support/kornak-cluster.ts';
import type { BenchCluster } from '../cluster/cluster.ts';
import type { Node } from '../cluster/node.ts';
import type { Writers } from './writers.ts';

export interface Scene {
  readonly cluster: BenchCluster;
  readonly leader: Node;
  readonly writers: Writers;
}

export interface Fault {
  readonly id: string;
  readonly title: string;
  /** Needs hosts with networks of their own. */
  readonly hasHosts?: boolean;
  readonly strike: (scene: Scene) => Promise<unknown>;
  /** Waits until clients are served again. */
  readonly over: (scene: Scene) => Promise<unknown>;
  /** Brings back what was struck, and tells when. */
  readonly repair?: (scene: Scene) => Promise<number>;
  /** The repair lets go on what was stopped. */
  readonly thaws?: boolean;
}

const OVER_MS = 180_000;
/** How long the old side is watched beside the new one. */
const WATCHED_MS = 2_000;
const AGENT_AWAY_MS = 5_000;
/** Longer than the leader lease. */
const LEASE_WATCHED_MS = 8_000;

const servedByAnother = ({ writers, leader }: Scene): Promise<unknown> =>
  writers.acked(({ node }) => node !== leader.name, OVER_MS);

async function askForSwitchover({ leader }: Scene): Promise<void> {
  const { status, text } = await leader.api('/switchover', { method: 'POST', body: { leader: leader.name } });
  if (status !== 200) throw new Error(`switchover: ${status} ${text}`);
}

export const FAULTS: readonly Fault[] = [
  {
    id: 'switchover',
    title: 'planned switchover',
    strike: askForSwitchover,
    over: servedByAnother,
  },
  {
    id: 'postmaster-killed',
    title: 'postmaster killed, agent lives',
    strike: ({ leader }) => leader.killPostmaster(),
    // What was acknowledged by processes that had not found out yet is no sign of life.
    over: async ({ writers }) => {
      await sleep(200);
      await writers.acked(({ by }) => by === 'racing', OVER_MS);
    },
  },
  {
    id: 'node-dies',
    title: 'node dies (agent, guard and PostgreSQL together)',
    strike: ({ leader }) => leader.killNode(),
    over: servedByAnother,
    repair: ({ leader }) => {
      leader.start();
      return Promise.resolve(performance.now());
    },
  },
  {
    id: 'node-frozen',
    title: 'node frozen, thawed later',
    strike: ({ leader }) => leader.freeze(),
    over: servedByAnother,
    repair: async ({ leader }) => {
      await sleep(WATCHED_MS);
      const thawedMs = performance.now();
      await leader.thaw();
      await sleep(WATCHED_MS);
      return thawedMs;
    },
    thaws: true,
  },
  {
    id: 'agent-dies',
    title: 'agent dies, PostgreSQL lives',
    strike: ({ leader }) => leader.killAgent(),
    over: servedByAnother,
    repair: async ({ leader }) => {
      await sleep(AGENT_AWAY_MS);
      leader.start();
      return performance.now();
    },
  },
  {
    id: 'agent-restarted',
    title: 'agent dies and is started again at once',
    strike: async ({ leader }) => {
      await leader.killAgent();
      leader.start();
    },
    over: async ({ leader }) => {
      await until('its agent answers again', async () => (await leader.api('/health')).status === 200, OVER_MS);
      await sleep(LEASE_WATCHED_MS);
    },
  },
  {
    id: 'leader-cut-off',
    title: 'leader cut off from everything',
    hasHosts: true,
    strike: ({ cluster, leader }) => cluster.cut(leader),
    over: servedByAnother,
    repair: async ({ cluster, leader }) => {
      await sleep(WATCHED_MS);
      await cluster.heal(leader);
      return performance.now();
    },
  },
];
