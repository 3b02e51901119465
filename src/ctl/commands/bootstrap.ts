import { type ApiReply, withPath } from '../../api/client.ts';
import { countField, isList, isRecord, type JsonRecord, recordFromJson, textField } from '../../core/layout/fields.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { ToldEvent } from '../../core/explain/failover-chain.ts';
import { toldEvents } from '../told-event.ts';

export interface BootstrapOptions {
  readonly cluster: string;
  /** undefined: the member whose configuration is given. */
  readonly member: string | undefined;
}

const ASK_MS = 5_000;
/** The agent answers once its loop has taken note of the request. */
const ACCEPT_MS = 15_000;
const PACE_MS = 500;
const WHOLE_MS = 600_000;
/** An agent that has been silent for so long has ended. */
const SILENT_MS = 30_000;

/** Initialises the cluster on one member, and waits until that member serves. */
export async function bootstrap(options: BootstrapOptions, session: Session): Promise<number> {
  const { terminal } = session;
  const apiUrl = await agentOf(options, session);
  const before = await statusOf(apiUrl, options, session);
  const known = new Set(eventsOf(await explained(apiUrl, session)).map(keyOf));
  const reply = await session.callApi({ method: 'POST', url: at(apiUrl, '/kornak/bootstrap'), budgetMs: ACCEPT_MS });
  if (reply.kind !== 'answered') throw new Refusal(`${before.name} does not answer: ${reply.why}`);
  if (reply.status !== 202) throw new Refusal(`${before.name} refuses: ${reply.body} (status ${reply.status})`);
  terminal.talk(`${before.name}: ${reply.body}`);
  await served(apiUrl, { name: before.name, known }, session);
  terminal.out(`Cluster ${options.cluster} is initialised: ${before.name} is its primary`);
  return 0;
}

async function agentOf({ cluster, member }: BootstrapOptions, session: Session): Promise<string> {
  if (member === undefined) {
    if (session.ownApiUrl !== undefined) return session.ownApiUrl;
    throw new Refusal("say on which member: --member NAME, or -c with that member's file");
  }
  const { view } = await session.dcs.read(cluster);
  const apiUrl = view.members.find(({ name }) => name === member)?.data.apiUrl;
  if (apiUrl !== undefined) return apiUrl;
  const names = view.members.map(({ name }) => name).join(', ');
  throw new Refusal(`no member ${member} of cluster ${cluster} is running (running: ${names === '' ? 'none' : names})`);
}

async function statusOf(
  apiUrl: string,
  { cluster }: BootstrapOptions,
  { callApi }: Session,
): Promise<{ readonly name: string }> {
  const reply = await callApi({ method: 'GET', url: at(apiUrl, '/patroni'), budgetMs: ASK_MS });
  if (reply.kind !== 'answered') throw new Refusal(`no agent answers at ${apiUrl}: ${reply.why}`);
  const told = recordFromJson(reply.body)?.['patroni'];
  const [scope, name] = isRecord(told) ? [textField(told, 'scope'), textField(told, 'name')] : [];
  if (scope === undefined || name === undefined) throw new Refusal(`what answers at ${apiUrl} is no agent`);
  if (scope !== cluster) throw new Refusal(`the agent at ${apiUrl} belongs to cluster ${scope}, not to ${cluster}`);
  return { name };
}

interface Begun {
  readonly name: string;
  /** Events from before the request. */
  readonly known: ReadonlySet<string>;
}

/** Returns once the member answers as the primary; throws where the bootstrap failed or nothing more is heard. */
async function served(apiUrl: string, { name, known }: Begun, session: Session): Promise<void> {
  const { terminal, callApi } = session;
  const startedMs = terminal.now().getTime();
  let heardMs = startedMs;
  let shown = '';
  for (;;) {
    const nowMs = terminal.now().getTime();
    const isPrimary = await callApi({ method: 'GET', url: at(apiUrl, '/primary'), budgetMs: ASK_MS });
    if (isPrimary.kind === 'answered' && isPrimary.status === 200) return;
    if (isPrimary.kind === 'answered') heardMs = nowMs;
    const told = await explained(apiUrl, session);
    const failure = eventsOf(told).find((event) => event.kind === 'bootstrap.failed' && !known.has(keyOf(event)));
    if (failure !== undefined) throw new Refusal(`bootstrap failed on ${name}: ${failure.text}`);
    if (nowMs - heardMs > SILENT_MS) throw new Refusal(`${name} does not answer any more; its log has the reason`);
    if (nowMs - startedMs > WHOLE_MS) throw new Refusal(`${name} does not serve yet; it is still at it`);
    const progress = progressText(told);
    if (progress !== shown && progress !== '') terminal.talk(`${name}: ${progress}`);
    shown = progress;
    await terminal.sleep(PACE_MS);
  }
}

async function explained(apiUrl: string, { callApi }: Session): Promise<JsonRecord> {
  const reply: ApiReply = await callApi({ method: 'GET', url: at(apiUrl, '/kornak/explain'), budgetMs: ASK_MS });
  return reply.kind === 'answered' ? (recordFromJson(reply.body) ?? {}) : {};
}

function progressText(told: JsonRecord): string {
  const { job } = told;
  if (!isRecord(job)) return textField(told, 'why') ?? '';
  const percent = countField(job, 'percent');
  const what = textField(job, 'progress') ?? textField(job, 'kind') ?? '';
  return percent === undefined ? what : `${what} (${percent} %)`;
}

function eventsOf(told: JsonRecord): readonly ToldEvent[] {
  const { events } = told;
  return isList(events) ? toldEvents([events]) : [];
}

function keyOf({ kind, wallAt }: ToldEvent): string {
  return `${kind} ${wallAt}`;
}

function at(apiUrl: string, path: string): string {
  return withPath(apiUrl, path) ?? apiUrl;
}
