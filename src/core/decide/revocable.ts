// Against whom the voters of /sync may act at all (safety.md 4): a leader that they can bind, that is fenced without their help, and
// that knows of it.
import { unionOf } from '../election/election.ts';
import { containsName } from '../election/union.ts';
import type { ClusterView, LeaderKey, MemberData } from '../model/cluster.ts';
import type { LeaderToWatch } from '../model/leader-signs.ts';
import type { Context } from './context.ts';
import { memberOf } from './context.ts';
import { upstreamOf } from './upstream.ts';

/** With these a standby has what was acknowledged; `local` and `off` acknowledge what nobody has. */
const COMMITS_WAIT: ReadonlySet<string> = new Set(['remote_write', 'on', 'remote_apply']);

export interface Revocable {
  readonly view: ClusterView;
  readonly leader: LeaderKey;
  readonly data: MemberData;
}

function can(data: MemberData | undefined, what: string): boolean {
  return data?.kornak?.can.includes(what) === true;
}

/** Who is not there cannot pledge either, and counts for nobody. */
function areVotersAble(view: ClusterView): boolean {
  const union = unionOf(view);
  return view.members.every(
    ({ name, data }) => !containsName(union, name) || (can(data, 'revoke') && can(data, 'pledge')),
  );
}

/** Those who would decide are bound by /sync, and the leader is fenced by a guard of its own. */
function isGuarded(view: ClusterView, { name, reign }: LeaderKey, data: MemberData): boolean {
  const isMarked = view.unguarded.some((mark) => mark.name === name);
  return view.reign.revision === reign && can(data, 'guard') && can(data, 'revoke') && !isMarked;
}

function bindsCommits(view: ClusterView, leader: string, me: string): boolean {
  const { leader: named, voters } = view.sync.value;
  return named !== undefined && containsName([named], leader) && containsName(voters, me);
}

/** With whatever else is set, a commit waits until a standby has it. */
function doCommitsWait({ kornak }: MemberData): boolean {
  return kornak?.synchronousCommit !== undefined && COMMITS_WAIT.has(kornak.synchronousCommit);
}

/** Nobody is to lead by what people do; and who leads a standby cluster, or is about to, has no power over commits. */
function isElected({ paused, config }: Context): boolean {
  return !paused && config.standbyCluster === undefined;
}

/** A leader whose power its voters, of which this member is one, may take away; undefined: its lease decides. */
export function revocableLeader(ctx: Context): Revocable | undefined {
  const { view, leader, me } = ctx;
  if (view === undefined || leader === undefined || leader.name === me || ctx.held !== undefined) return undefined;
  const data = memberOf(ctx, leader.name)?.data;
  if (data === undefined || !isElected(ctx) || !bindsCommits(view, leader.name, me)) return undefined;
  const mayBe = isGuarded(view, leader, data) && areVotersAble(view) && doCommitsWait(data);
  return mayBe ? { view, leader, data } : undefined;
}

/** Whose signs of life matter. A store that is silent for a moment says nothing about that. */
export function leaderToWatch(ctx: Context): LeaderToWatch | 'as before' | undefined {
  if (ctx.view === undefined) return 'as before';
  const it = revocableLeader(ctx);
  const postgres = upstreamOf(it?.data.connUrl);
  if (it?.leader.leaseId === undefined || it.data.apiUrl === undefined || postgres === undefined) return undefined;
  const { name, reign, leaseId } = it.leader;
  return { name, reign, leaseId, apiUrl: it.data.apiUrl, postgres };
}

/** As a leader: voters may revoke this reign, so they must be able to tell that it lives. */
export function isRevocable({ view, held, paused, me }: Context): boolean {
  if (view === undefined || held === undefined || paused) return false;
  const { leader, voters } = view.sync.value;
  return leader === me && view.members.some(({ name, data }) => containsName(voters, name) && can(data, 'revoke'));
}
