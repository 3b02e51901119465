// What one agent tells about itself and its cluster over REST, decoded with distrust: half of it may be missing.
import { RESTAPI_USER, type MemberPlace } from './member-file.ts';
import { LOOPBACK } from './ports.ts';

export interface ReportedEvent {
  readonly kind: string;
  readonly member: string;
  readonly wallAt: string;
  readonly rule: string;
  readonly text: string;
}

/** What an agent does and why. */
export interface MemberReport {
  readonly role: string;
  readonly state: string;
  readonly why: string;
  /** What it works on, such as `clone: 41 %`. */
  readonly job: string | undefined;
  readonly events: readonly ReportedEvent[];
}

/** One line of `GET /cluster`. */
export interface ListedMember {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline: number | undefined;
  readonly lagBytes: number | undefined;
}

const ANSWERS_WITHIN_MS = 800;
const SWITCHOVER_WITHIN_MS = 30_000;
const BODY_CHARACTERS_MAX = 2_000_000;

export async function fetchReport(member: MemberPlace): Promise<MemberReport | undefined> {
  const fields = fieldsOf(await getJson(member, '/kornak/explain'));
  if (fields === undefined) return undefined;
  return {
    role: textOf(fields['role']) ?? '',
    state: textOf(fields['state']) ?? '',
    why: textOf(fields['why']) ?? '',
    job: jobText(fieldsOf(fields['job'])),
    events: listOf(fields['events']).flatMap(eventFrom),
  };
}

export async function fetchCluster(member: MemberPlace): Promise<readonly ListedMember[] | undefined> {
  const fields = fieldsOf(await getJson(member, '/cluster'));
  return fields === undefined ? undefined : listOf(fields['members']).flatMap(listedFrom);
}

/** What the agent answered, or why it did not. */
export async function requestSwitchover(leader: MemberPlace, password: string): Promise<string> {
  try {
    const answer = await fetch(urlOf(leader, '/switchover'), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`${RESTAPI_USER}:${password}`).toString('base64')}`,
      },
      body: JSON.stringify({ leader: leader.name }),
      signal: AbortSignal.timeout(SWITCHOVER_WITHIN_MS),
    });
    return (await answer.text()).trim();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function getJson(member: MemberPlace, path: string): Promise<unknown> {
  try {
    const answer = await fetch(urlOf(member, path), { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
    const text = await answer.text();
    return answer.ok && text.length <= BODY_CHARACTERS_MAX ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function urlOf(member: MemberPlace, path: string): string {
  return `http://${LOOPBACK}:${member.ports.restapi}${path}`;
}

function listedFrom(value: unknown): readonly ListedMember[] {
  const fields = fieldsOf(value);
  const name = textOf(fields?.['name']);
  if (fields === undefined || name === undefined) return [];
  return [
    {
      name,
      role: textOf(fields['role']) ?? '',
      state: textOf(fields['state']) ?? '',
      timeline: numberOf(fields['timeline']),
      lagBytes: numberOf(fields['lag']),
    },
  ];
}

function eventFrom(value: unknown): readonly ReportedEvent[] {
  const fields = fieldsOf(value) ?? {};
  const [kind, member, wallAt, text] = ['kind', 'member', 'wallAt', 'text'].map((key) => textOf(fields[key]));
  if (kind === undefined || member === undefined || wallAt === undefined || text === undefined) return [];
  return [{ kind, member, wallAt, text, rule: textOf(fields['rule']) ?? '' }];
}

function jobText(job: Fields | undefined): string | undefined {
  if (job === undefined) return undefined;
  const kind = textOf(job['kind']) ?? 'work';
  const percent = numberOf(job['percent']);
  const progress = percent === undefined ? textOf(job['progress']) : `${Math.round(percent)} %`;
  return progress === undefined ? kind : `${kind}: ${progress}`;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
