// restart: the questions that patronictl asks, then one request to each member.
import { type ApiReply, withPath } from '../../api/client.ts';
import type { Member } from '../../core/model/cluster.ts';
import { chosenMembers, type MembersWanted, named } from '../chosen-members.ts';
import { askedTime } from '../asked-time.ts';
import { Refusal } from '../refusal.ts';
import { refusedExit, type Session } from '../session.ts';

export interface RestartOptions extends MembersWanted {
  /** One of them, picked by chance. */
  readonly isAny: boolean;
  readonly scheduled: string | undefined;
  readonly version: string | undefined;
  readonly isPending: boolean;
  readonly timeout: string | undefined;
  readonly isForced: boolean;
}

/** The API answers once PostgreSQL serves again, within the stop and primary_start_timeout. */
const BUDGET_MS = 600_000;

export async function restart(options: RestartOptions, session: Session): Promise<number> {
  const { view, chosen } = await chosenMembers(options, session);
  const question = (example: string): string => `When should the restart take place (e.g. ${example}) `;
  const schedule = await askedTime({ ...options, action: 'restart', question, view }, session);
  const members = narrowed(chosen, options, schedule);
  await confirm(members, schedule, options, session);
  const version = options.version ?? (options.isForced ? '' : await askVersion(session));
  const body = {
    ...(schedule === undefined ? {} : { schedule }),
    ...(options.isPending ? { restart_pending: true } : {}),
    ...(version === '' ? {} : { postgres_version: version }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  };
  let hasFailed = false;
  for (const member of members) hasFailed = !(await restartOne(member, body, options, session)) || hasFailed;
  return hasFailed ? refusedExit(session) : 0;
}

function askVersion({ terminal }: Session): Promise<string> {
  return terminal.ask('Restart if the PostgreSQL version is less than provided (e.g. 9.5.2) ', '');
}

function narrowed(
  chosen: readonly Member[],
  { isPending, isAny }: RestartOptions,
  schedule: string | undefined,
): readonly Member[] {
  const waiting =
    isPending && schedule === undefined ? chosen.filter(({ data }) => data.pendingRestart === true) : chosen;
  const one = waiting[Math.floor(Math.random() * waiting.length)];
  return isAny ? (one === undefined ? [] : [one]) : waiting;
}

async function confirm(
  members: readonly Member[],
  schedule: string | undefined,
  { isForced, isPending }: RestartOptions,
  { terminal }: Session,
): Promise<void> {
  if (isForced) return;
  const what = `restart${schedule === undefined ? '' : ' of'} members ${named(members)}`;
  const pending = isPending ? ' if they are pending restart then' : '';
  const question =
    schedule === undefined
      ? `Are you sure you want to ${what}?`
      : `Are you sure you want to schedule ${what} at ${schedule}${pending}?`;
  if (!(await terminal.confirm(question))) throw new Refusal('Aborted restart');
}

/** False: the member did not do as it was asked. */
async function restartOne(
  { name, data }: Member,
  body: Readonly<Record<string, unknown>>,
  { isForced }: RestartOptions,
  { callApi, terminal }: Session,
): Promise<boolean> {
  const url = data.apiUrl === undefined ? undefined : withPath(data.apiUrl, '/restart');
  if (url === undefined) {
    terminal.out(`Failed: restart for member ${name}, it has published no api_url`);
    return false;
  }
  if (isForced && 'schedule' in body && data.scheduledRestart !== undefined)
    await callApi({ method: 'DELETE', url, budgetMs: BUDGET_MS });
  const reply = await callApi({ method: 'POST', url, body, budgetMs: BUDGET_MS });
  terminal.out(outcome(name, reply));
  return reply.kind === 'answered' && (reply.status === 200 || reply.status === 202);
}

function outcome(name: string, reply: ApiReply): string {
  if (reply.kind !== 'answered') return `Failed: restart for member ${name}, ${reply.why}`;
  if (reply.status === 200) return `Success: restart on member ${name}`;
  if (reply.status === 202) return `Success: restart scheduled on member ${name}`;
  if (reply.status === 409) return `Failed: another restart is already scheduled on member ${name}`;
  return `Failed: restart for member ${name}, status code=${reply.status}, (${reply.body})`;
}
