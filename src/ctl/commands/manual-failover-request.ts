// The questions before a switchover or failover, in the order in which patronictl asks them.
import type { ClusterView, FailoverRequest } from '../../core/model/cluster.ts';
import { isNeverLeader } from '../../core/model/tags.ts';
import { askedTime } from '../asked-time.ts';
import { Refusal } from '../refusal.ts';
import type { Terminal } from '../terminal.ts';
import type { Action, ManualFailoverOptions } from './manual-failover.ts';

export interface Settled {
  readonly request: FailoverRequest;
}

export interface Asking {
  readonly cluster: string;
  readonly view: ClusterView;
  readonly isStandbyCluster: boolean;
  readonly terminal: Terminal;
}

/** What to ask for, once everything is known and confirmed. Throws Refusal where it cannot be had. */
export async function settledRequest(action: Action, options: ManualFailoverOptions, asking: Asking): Promise<Settled> {
  const leader = action === 'switchover' ? await leaderFor(options, asking) : undefined;
  const candidate = await candidateFor(action, options, asking);
  const question = (example: string): string => `When should the switchover take place (e.g. ${example} ) `;
  const timeWanted = { ...options, action: 'switchover', question, view: asking.view } as const;
  const scheduledAt = action === 'switchover' ? await askedTime(timeWanted, asking) : undefined;
  if (!options.isForced) await confirm(action, scheduledAt, asking);
  return {
    request: {
      ...(leader === undefined ? {} : { leader }),
      ...(candidate === undefined ? {} : { candidate }),
      ...(scheduledAt === undefined ? {} : { scheduledAt }),
    },
  };
}

async function leaderFor(options: ManualFailoverOptions, asking: Asking): Promise<string> {
  const { view, cluster, terminal, isStandbyCluster } = asking;
  const current = view.leader?.name;
  if (current === undefined) throw new Refusal('This cluster has no leader');
  const title = isStandbyCluster ? 'Standby Leader' : 'Primary';
  const named = options.leader ?? (options.isForced ? current : await terminal.ask(title, current));
  if (named !== current) throw new Refusal(`Member ${named} is not the leader of cluster ${cluster}`);
  return named;
}

async function candidateFor(
  action: Action,
  options: ManualFailoverOptions,
  asking: Asking,
): Promise<string | undefined> {
  const { view, cluster, terminal } = asking;
  const candidates = view.members
    .filter(({ name, data }) => name !== view.leader?.name && !isNeverLeader(data.tags))
    .map(({ name }) => name);
  if (candidates.length === 0) throw new Refusal(`No candidates found to ${action} to`);
  const given =
    options.candidate ?? (options.isForced ? '' : await terminal.ask(`Candidate ${listed(candidates)}`, ''));
  const candidate = given === '' ? undefined : given;
  if (candidate === undefined) {
    if (action === 'failover') throw new Refusal('Failover could be performed only to a specific candidate');
    return undefined;
  }
  if (candidate === view.leader?.name)
    throw new Refusal(`Member ${candidate} is already the leader of cluster ${cluster}`);
  if (!candidates.includes(candidate))
    throw new Refusal(`Member ${candidate} does not exist in cluster ${cluster} or is tagged as nofailover`);
  if (action === 'failover' && !options.isForced) await confirmAsynchronous(candidate, asking);
  return candidate;
}

function listed(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`;
}

/** Its commits may be behind what was acknowledged. */
async function confirmAsynchronous(candidate: string, { view, terminal }: Asking): Promise<void> {
  const isVoter = view.sync.value.voters.some((voter) => voter.toLowerCase() === candidate.toLowerCase());
  if ((view.config.value?.synchronousMode ?? 'off') === 'off' || isVoter) return;
  const agreed = await terminal.confirm(`Are you sure you want to failover to the asynchronous node ${candidate}?`);
  if (!agreed) throw new Refusal('Aborting failover');
}

async function confirm(
  action: Action,
  scheduledAt: string | undefined,
  { cluster, view, terminal }: Asking,
): Promise<void> {
  const demoting = view.leader === undefined ? '' : `, demoting current leader ${view.leader.name}`;
  const what =
    scheduledAt === undefined
      ? `${action} cluster ${cluster}${demoting}`
      : `schedule ${action} of cluster ${cluster} at ${scheduledAt}${demoting}`;
  if (!(await terminal.confirm(`Are you sure you want to ${what}?`))) throw new Refusal(`Aborting ${action}`);
}
