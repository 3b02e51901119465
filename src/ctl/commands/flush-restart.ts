import { withPath } from '../../api/client.ts';
import type { Member } from '../../core/model/cluster.ts';
import { chosenMembers, type MembersWanted, named } from '../chosen-members.ts';
import { Refusal } from '../refusal.ts';
import { refusedExit, type Session } from '../session.ts';

const BUDGET_MS = 15_000;

/** Takes scheduled restarts back. */
export async function flushRestart(
  options: MembersWanted & { readonly isForced: boolean },
  session: Session,
): Promise<number> {
  const { chosen } = await chosenMembers(options, session);
  const { terminal } = session;
  const question = `Are you sure you want to flush members ${named(chosen)}?`;
  if (!options.isForced && !(await terminal.confirm(question))) throw new Refusal('Aborted flush');
  let hasFailed = false;
  for (const member of chosen) {
    if (member.data.scheduledRestart === undefined) terminal.out(`No scheduled restart for member ${member.name}`);
    else hasFailed = !(await flushOne(member, session)) || hasFailed;
  }
  return hasFailed ? refusedExit(session) : 0;
}

async function flushOne({ name, data }: Member, { callApi, terminal }: Session): Promise<boolean> {
  const url = data.apiUrl === undefined ? undefined : withPath(data.apiUrl, '/restart');
  const reply =
    url === undefined
      ? ({ kind: 'unreachable', why: 'it has published no api_url' } as const)
      : await callApi({ method: 'DELETE', url, budgetMs: BUDGET_MS });
  const isDone = reply.kind === 'answered' && (reply.status === 200 || reply.status === 404);
  if (isDone) terminal.out(`Success: flush scheduled restart for member ${name}`);
  else {
    const details = reply.kind === 'answered' ? `status code=${reply.status}, (${reply.body})` : reply.why;
    terminal.out(`Failed: flush scheduled restart for member ${name}, ${details}`);
  }
  return isDone;
}
