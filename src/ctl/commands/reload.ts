import { withPath } from '../../api/client.ts';
import type { ClusterView, Member } from '../../core/model/cluster.ts';
import { chosenMembers, type MembersWanted, named } from '../chosen-members.ts';
import { Refusal } from '../refusal.ts';
import { refusedExit, type Session } from '../session.ts';

const BUDGET_MS = 15_000;

/** Has members read their own files again. */
export async function reload(
  options: MembersWanted & { readonly isForced: boolean },
  session: Session,
): Promise<number> {
  const { view, chosen } = await chosenMembers(options, session);
  const question = `Are you sure you want to reload members ${named(chosen)}?`;
  if (!options.isForced && !(await session.terminal.confirm(question))) throw new Refusal('Aborted reload');
  let hasFailed = false;
  for (const member of chosen) hasFailed = !(await reloadOne(member, view, session)) || hasFailed;
  return hasFailed ? refusedExit(session) : 0;
}

async function reloadOne({ name, data }: Member, view: ClusterView, session: Session): Promise<boolean> {
  const { callApi, terminal } = session;
  const url = data.apiUrl === undefined ? undefined : withPath(data.apiUrl, '/reload');
  const reply =
    url === undefined
      ? ({ kind: 'unreachable', why: 'it has published no api_url' } as const)
      : await callApi({ method: 'POST', url, budgetMs: BUDGET_MS });
  if (reply.kind !== 'answered') terminal.out(`Failed: reload for member ${name}, ${reply.why}`);
  else if (reply.status === 200) terminal.out(`No changes to apply on member ${name}`);
  else if (reply.status === 202) {
    const seconds = (view.config.value?.loopWaitMs ?? 10_000) / 1000;
    terminal.out(`Reload request received for member ${name} and will be processed within ${seconds} seconds`);
  } else terminal.out(`Failed: reload for member ${name}, status code=${reply.status}, (${reply.body})`);
  return reply.kind === 'answered' && (reply.status === 200 || reply.status === 202);
}
