import { type ApiReply, withPath } from '../../api/client.ts';
import { recordFromJson, textField } from '../../core/layout/fields.ts';
import type { ClusterView, Member } from '../../core/model/cluster.ts';
import { printedMembers } from '../print-members.ts';
import { Refusal } from '../refusal.ts';
import { refusedExit, type Session } from '../session.ts';

export interface ReinitOptions {
  readonly cluster: string;
  readonly members: readonly string[];
  readonly isForced: boolean;
  readonly fromLeader: boolean;
  /** Until the copies are there. */
  readonly waits: boolean;
}

const ASK_MS = 30_000;
const PACE_MS = 2_000;
/** A member that has not been heard of for so long is not waited for any more. */
const SILENT_MS = 120_000;
const IN_PROGRESS = ' already in progress';

/** Has replicas cloned anew; their data are moved aside. */
export async function reinit(options: ReinitOptions, session: Session): Promise<number> {
  const { cluster } = options;
  const { terminal, dcs } = session;
  const { view } = await dcs.read(cluster);
  terminal.out(printedMembers({ cluster, view, format: 'pretty' }));
  const chosen = await chosenMembers(options, view, session);
  if (chosen.length === 0) return 0;
  const names = chosen.map(({ name }) => name).join(', ');
  if (!options.isForced && !(await terminal.confirm(`Are you sure you want to reinitialize members ${names}?`)))
    throw new Refusal('Aborted reinitialize');
  const begun: Member[] = [];
  for (const member of chosen) if (await begin(member, options, session)) begun.push(member);
  if (options.waits && begun.length > 0) await wait(begun, session);
  return begun.length === chosen.length ? 0 : refusedExit(session);
}

async function chosenMembers(
  { cluster, members, isForced }: ReinitOptions,
  view: ClusterView,
  { terminal }: Session,
): Promise<readonly Member[]> {
  if (view.members.length === 0) throw new Refusal(`${cluster} cluster doesn't have any members`);
  const replicas = view.members.filter(({ name }) => name !== view.leader?.name);
  if (members.length > 0) {
    const found = replicas.filter(({ name }) => members.includes(name));
    if (found.length === 0) throw new Refusal('No replica among provided members');
    return found;
  }
  if (isForced) return [];
  const names = replicas.map(({ name }) => name);
  const answer = await terminal.ask(`Which member do you want to reinitialize [${names.join(', ')}]?`, '');
  const member = replicas.find(({ name }) => name === answer);
  if (member === undefined) throw new Refusal(`${answer} is not a member of cluster`);
  return [member];
}

/** False: it was refused. */
async function begin(member: Member, options: ReinitOptions, session: Session): Promise<boolean> {
  const { terminal } = session;
  const reply = await post(member, { force: options.isForced, from_leader: options.fromLeader }, session);
  if (isDone(reply)) return told(member, session);
  const isBusy = reply.kind === 'answered' && reply.body.endsWith(IN_PROGRESS);
  if (isBusy && !options.isForced) {
    terminal.out(failureText(member, reply));
    if (!(await terminal.confirm('Do you want to cancel it and reinitialize anyway?'))) return false;
    const again = await post(member, { force: true, from_leader: options.fromLeader }, session);
    if (isDone(again)) return told(member, session);
    terminal.out(failureText(member, again));
    return false;
  }
  terminal.out(failureText(member, reply));
  return false;
}

function isDone(reply: ApiReply): boolean {
  return reply.kind === 'answered' && reply.status === 200;
}

function told({ name }: Member, { terminal }: Session): true {
  terminal.out(`Success: reinitialize for member ${name}`);
  return true;
}

function failureText({ name }: Member, reply: ApiReply): string {
  if (reply.kind !== 'answered') return `Failed: reinitialize for member ${name}, ${reply.why}`;
  return `Failed: reinitialize for member ${name}, status code=${reply.status}, (${reply.body})`;
}

function post({ data }: Member, body: unknown, { callApi }: Session): Promise<ApiReply> {
  const url = withPath(data.apiUrl ?? '', '/reinitialize');
  if (url === undefined) return Promise.resolve({ kind: 'unreachable', why: 'it has published no api_url' });
  return callApi({ method: 'POST', url, body, budgetMs: ASK_MS });
}

async function wait(members: readonly Member[], { terminal, callApi }: Session): Promise<void> {
  terminal.out(`Waiting for reinitialize to complete on: ${members.map(({ name }) => name).join(', ')}`);
  const open = new Map(members.map((member) => [member, terminal.now().getTime()]));
  while (open.size > 0) {
    await terminal.sleep(PACE_MS);
    for (const [member, heardMs] of open) {
      const url = withPath(member.data.apiUrl ?? '', '/patroni') ?? '';
      const reply = await callApi({ method: 'GET', url, budgetMs: ASK_MS });
      const state = reply.kind === 'answered' ? textField(recordFromJson(reply.body) ?? {}, 'state') : undefined;
      if (state === undefined && terminal.now().getTime() - heardMs > SILENT_MS)
        throw new Refusal(`${member.name} does not answer any more; its log has the reason`);
      if (state !== undefined) open.set(member, terminal.now().getTime());
      if (state === undefined || state === 'creating replica') continue;
      open.delete(member);
      terminal.out(`Reinitialize is completed on: ${member.name}`);
    }
  }
}
