// pause and resume: one change of the dynamic configuration through the REST API, and the wait until every member has seen it.
import { type ApiReply, withPath } from '../../api/client.ts';
import { decodeDynamicConfig } from '../../core/settings/dynamic-config.ts';
import type { Member } from '../../core/model/cluster.ts';
import { namedCluster } from '../named-cluster.ts';
import { Refusal } from '../refusal.ts';
import { type ClusterReading, refusedExit, type Session } from '../session.ts';

export interface PauseOptions {
  readonly cluster: string | undefined;
  /** Return once every member has seen it. */
  readonly isPatient: boolean;
}

export type PauseAction = 'pause' | 'resume';

const CALL_MS = 10_000;
const POLL_MS = 1_000;

/** Puts a cluster into maintenance mode, where nothing happens by itself, or takes it out again. */
export async function pause(action: PauseAction, options: PauseOptions, session: Session): Promise<number> {
  const { terminal, dcs } = session;
  const cluster = namedCluster(options.cluster, session);
  const reading = await dcs.read(cluster);
  const wanted = action === 'pause';
  if (configOf(reading).paused === wanted) throw new Refusal(`Cluster is ${wanted ? 'already' : 'not'} paused`);
  const reply = await ask(reading, wanted, session);
  if (reply.status !== 200) {
    terminal.out(`Failed: ${action} cluster management status code=${reply.status}, (${reply.body})`);
    return refusedExit(session);
  }
  if (options.isPatient) {
    terminal.out(`'${action}' request sent, waiting until it is recognized by all nodes`);
    if (!(await recognized(cluster, wanted, session))) return 1;
  }
  terminal.out(`Success: cluster management is ${wanted ? 'paused' : 'resumed'}`);
  return 0;
}

function configOf({ config }: ClusterReading): { readonly paused: boolean; readonly loopWaitMs: number } {
  return decodeDynamicConfig(config ?? {}).config;
}

/** The leader first; whoever answers first decides. */
async function ask(
  { view }: ClusterReading,
  isPaused: boolean,
  { callApi }: Session,
): Promise<Extract<ApiReply, { kind: 'answered' }>> {
  const leaderFirst = view.members.toSorted((a, b) => rank(a, view.leader?.name) - rank(b, view.leader?.name));
  const body = { pause: isPaused ? true : null };
  for (const { data } of leaderFirst) {
    const url = data.apiUrl === undefined ? undefined : withPath(data.apiUrl, '/config');
    if (url === undefined) continue;
    const reply = await callApi({ method: 'PATCH', url, body, budgetMs: CALL_MS });
    if (reply.kind === 'answered') return reply;
  }
  throw new Refusal('Can not find accessible cluster member');
}

function rank({ name }: Member, leader: string | undefined): number {
  return name === leader ? 0 : 1;
}

/** By the members' keys; whoever has not seen it in time is named. */
async function recognized(cluster: string, isPaused: boolean, { dcs, terminal }: Session): Promise<boolean> {
  const startedMs = terminal.now().getTime();
  for (;;) {
    const reading = await dcs.read(cluster);
    const stragglers = reading.view.members.filter(({ data }) => (data.pause === true) !== isPaused);
    if (stragglers.length === 0) return true;
    const waitMs = configOf(reading).loopWaitMs + POLL_MS;
    if (terminal.now().getTime() - startedMs >= waitMs) {
      const names = stragglers.map(({ name }) => name).join(', ');
      terminal.out(`${names} members didn't recognized pause state after ${Math.round(waitMs / 1_000)} seconds`);
      return false;
    }
    await terminal.sleep(POLL_MS);
  }
}
