// demote-cluster and promote-cluster: one change of the dynamic configuration, and the wait until the cluster is what it says.
import { withPath } from '../../api/client.ts';
import { leaderMember } from '../../core/layout/decode-cluster.ts';
import type { Member } from '../../core/model/cluster.ts';
import { decodeDynamicConfig } from '../../core/settings/dynamic-config.ts';
import { isStandbyCluster } from '../../core/settings/is-standby-cluster.ts';
import { localSeconds } from '../local-time.ts';
import { namedCluster } from '../named-cluster.ts';
import { printedMembers } from '../print-members.ts';
import { Refusal } from '../refusal.ts';
import { type ClusterReading, refusedExit, type Session } from '../session.ts';

export interface StandbyTarget {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly restoreCommand: string | undefined;
  readonly primarySlotName: string | undefined;
}

export interface ChangeOptions {
  readonly cluster: string | undefined;
  readonly isForced: boolean;
}

/** What is to come of the cluster, and in which words that is told. */
interface Change {
  readonly verb: 'demote' | 'promote';
  readonly noun: 'demotion' | 'promotion';
  readonly role: 'standby_leader' | 'primary';
  readonly patch: Readonly<Record<string, unknown>>;
}

const CALL_MS = 10_000;
const PACE_MS = 1_000;
/** A copy of the other cluster may have to be made; whoever waits for longer looks with kornakctl list. */
const WAIT_MS = 600_000;
const NO_FENCE =
  'Nothing stops the other cluster: as long as it accepts writes there are two primaries, and what is written there is not here.';

/** Has the cluster follow another one; done once its leader follows and whoever led before runs. */
export async function demoteCluster(
  { target, ...options }: ChangeOptions & { readonly target: StandbyTarget },
  session: Session,
): Promise<number> {
  const { host, port, restoreCommand, primarySlotName } = target;
  if (host === undefined && port === undefined && restoreCommand === undefined)
    throw new Refusal('At least --host, --port or --restore-command should be specified');
  const given = { host, port, primary_slot_name: primarySlotName, restore_command: restoreCommand };
  const section = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const patch = { standby_cluster: section };
  const [refusal] = decodeDynamicConfig(patch).warnings;
  if (refusal !== undefined) throw new Refusal(refusal);
  return await change({ verb: 'demote', noun: 'demotion', role: 'standby_leader', patch }, options, session);
}

/** Has the cluster go on by itself; done once its leader accepts writes. */
export async function promoteCluster(options: ChangeOptions, session: Session): Promise<number> {
  const patch = { standby_cluster: null };
  return await change({ verb: 'promote', noun: 'promotion', role: 'primary', patch }, options, session);
}

async function change(wanted: Change, options: ChangeOptions, session: Session): Promise<number> {
  const { terminal, dcs } = session;
  const cluster = namedCluster(options.cluster, session);
  const reading = await dcs.read(cluster);
  const leader = leaderMember(reading.view);
  if (leader === undefined) throw new Refusal(`Cluster has no leader, ${wanted.noun} is not possible`);
  if (isStandbyCluster(reading.config ?? {}) === (wanted.verb === 'demote'))
    throw new Refusal('Cluster is already in the required state');
  terminal.out(printedMembers({ cluster, view: reading.view, format: 'pretty' }));
  if (wanted.verb === 'promote') terminal.talk(NO_FENCE);
  const question = `Are you sure you want to ${wanted.verb} ${cluster} cluster?`;
  if (!options.isForced && !(await terminal.confirm(question))) throw new Refusal(`Aborted cluster ${wanted.noun}`);
  const failure = await patched(leader, wanted, session);
  if (failure !== undefined) {
    terminal.out(`Failed to ${wanted.verb} ${cluster} cluster: ${failure}`);
    return refusedExit(session);
  }
  return (await reached(wanted, { cluster, before: leader.name }, session)) ? 0 : 1;
}

/** Why it was not done; undefined: it was. */
async function patched({ data }: Member, { patch }: Change, { callApi }: Session): Promise<string | undefined> {
  const url = data.apiUrl === undefined ? undefined : withPath(data.apiUrl, '/config');
  if (url === undefined) return 'the leader has published no api_url';
  const reply = await callApi({ method: 'PATCH', url, body: patch, budgetMs: CALL_MS });
  if (reply.kind !== 'answered') return reply.why;
  return reply.status === 200 ? undefined : `status code=${reply.status}, (${reply.body})`;
}

interface Place {
  readonly cluster: string;
  /** Who led before. */
  readonly before: string;
}

async function reached(wanted: Change, place: Place, session: Session): Promise<boolean> {
  const { terminal, dcs } = session;
  const { cluster } = place;
  const startedMs = terminal.now().getTime();
  for (;;) {
    await terminal.sleep(PACE_MS);
    const reading = await dcs.read(cluster);
    if (isReached(wanted, place, reading)) {
      terminal.out(`${localSeconds(terminal.now())} cluster is successfully ${wanted.verb}d`);
      terminal.out(printedMembers({ cluster, view: reading.view, format: 'pretty' }));
      return true;
    }
    terminal.out(`${localSeconds(terminal.now())} ${standing(wanted, place, reading)}`);
    if (terminal.now().getTime() - startedMs >= WAIT_MS) {
      terminal.out(
        `The configuration is changed, and after ${WAIT_MS / 60_000} minutes the cluster is not ${wanted.verb}d yet`,
      );
      return false;
    }
  }
}

function isReached({ verb, role }: Change, { before }: Place, { view }: ClusterReading): boolean {
  const data = leaderMember(view)?.data;
  const previous = view.members.find(({ name }) => name === before)?.data;
  const isBack = verb === 'promote' || previous === undefined || previous.state === 'running';
  return data?.role === role && data.state === 'running' && isBack;
}

function standing({ verb }: Change, { before }: Place, { view }: ClusterReading): string {
  const leader = leaderMember(view);
  const { role = 'None', state = 'None' } = leader?.data ?? {};
  const previous = view.members.find(({ name }) => name === before);
  const ofPrevious =
    verb === 'demote' && previous !== undefined && previous.name !== leader?.name
      ? `, previous leader state: '${previous.data.state}'`
      : '';
  const isUnlocked = leader === undefined ? 'True' : 'False';
  return `cluster is unlocked: ${isUnlocked}, leader role: ${role}, leader state: ${state}${ofPrevious}`;
}
