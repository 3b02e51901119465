import { withPath } from '../../api/client.ts';
import { countField, isList, isRecord, type JsonRecord, recordFromJson, textField } from '../../core/layout/fields.ts';
import { spacedJson } from '../../core/layout/compact-json.ts';
import type { Member } from '../../core/model/cluster.ts';
import { namedCluster } from '../named-cluster.ts';
import { optionalCell, printedRows } from '../print-rows.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';

export type DivergenceAction = 'list' | 'show' | 'discard';

export interface DivergenceOptions {
  readonly cluster: string | undefined;
  readonly member: string | undefined;
  readonly id: string | undefined;
  readonly isJson: boolean;
  readonly isForced: boolean;
}

const BUDGET_MS = 10_000;
/** A data directory that was moved aside takes its time to be deleted. */
const DISCARD_MS = 600_000;
const PATH = '/kornak/divergence';

interface Held {
  readonly member: Member;
  readonly records: readonly JsonRecord[];
}

/** What members have given up, from each of them: lists it, shows one record, or deletes what is kept of it. */
export async function divergence(
  action: DivergenceAction,
  options: DivergenceOptions,
  session: Session,
): Promise<number> {
  const cluster = namedCluster(options.cluster, session);
  const { view } = await session.dcs.read(cluster);
  const named =
    options.member === undefined ? view.members : view.members.filter(({ name }) => name === options.member);
  if (options.member !== undefined && named.length === 0)
    throw new Refusal(`no member ${options.member} of cluster ${cluster} is running`);
  if (action === 'list') return listAll(named, options, session);
  const [member, id] = await chosen(named, options, session);
  return action === 'show' ? show(member, id, options, session) : discard(member, id, options, session);
}

async function recordsOf(members: readonly Member[], session: Session): Promise<readonly Held[]> {
  const asked = members.map(async (member) => {
    const reply = await session.callApi({ method: 'GET', url: urlOf(member, ''), budgetMs: BUDGET_MS });
    const isHeard = reply.kind === 'answered' && reply.status === 200;
    if (!isHeard) {
      const why = reply.kind === 'answered' ? `${reply.body} (status ${reply.status})` : reply.why;
      session.terminal.talk(`${member.name} does not tell: ${why}`);
    }
    const list = isHeard ? recordFromJson(reply.body)?.['divergences'] : [];
    return { member, records: isList(list) ? list.filter(isRecord) : [] };
  });
  return Promise.all(asked);
}

const COLUMNS = ['Member', 'ID', 'Cause', 'TL', 'Fork', 'End', 'Bytes', 'Commits', 'State'] as const;

async function listAll(members: readonly Member[], { isJson }: DivergenceOptions, session: Session): Promise<number> {
  const held = await recordsOf(members, session);
  const all = held.flatMap(({ records }) => records);
  if (isJson) session.terminal.out(spacedJson({ divergences: all }));
  else {
    const rows = all.map((record) => cellsOf(record).map((cell) => optionalCell(cell)));
    const columns = COLUMNS.map((title) => ({ title, isRight: ['TL', 'Bytes', 'Commits'].includes(title) }));
    session.terminal.out(printedRows('pretty', { columns, names: COLUMNS, rows }));
  }
  return held.length === members.length ? 0 : 1;
}

function cellsOf(record: JsonRecord): readonly (string | number)[] {
  const fork = record['fork'];
  const transactions = record['transactions'];
  return [
    textField(record, 'member') ?? '',
    textField(record, 'id') ?? '',
    textField(record, 'cause') ?? '',
    countField(record, 'timeline') ?? '',
    isRecord(fork) ? (textField(fork, 'lsn') ?? '') : '',
    textField(record, 'end') ?? '',
    countField(record, 'bytes') ?? '',
    isRecord(transactions) ? (countField(transactions, 'committed') ?? '') : '',
    textField(record, 'state') ?? '',
  ];
}

/** The only one there is need not be named. */
async function chosen(
  members: readonly Member[],
  { id }: DivergenceOptions,
  session: Session,
): Promise<readonly [Member, string]> {
  const found = (await recordsOf(members, session)).flatMap(({ member, records }) =>
    records
      .filter((record) =>
        id === undefined ? textField(record, 'state') !== 'discarded' : textField(record, 'id') === id,
      )
      .map((record) => [member, textField(record, 'id') ?? ''] as const),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined)
    throw new Refusal(id === undefined ? 'nothing is recorded' : `no member has a divergence ${id}`);
  const names = found.map(([member, each]) => `${member.name} ${each}`).join(', ');
  throw new Refusal(`say which one, as CLUSTER MEMBER ID: ${names}`);
}

async function show(member: Member, id: string, { isJson }: DivergenceOptions, session: Session): Promise<number> {
  const reply = await session.callApi({ method: 'GET', url: urlOf(member, id), budgetMs: BUDGET_MS });
  const record = reply.kind === 'answered' && reply.status === 200 ? recordFromJson(reply.body) : undefined;
  if (record === undefined) throw new Refusal(`${member.name} does not tell of ${id}`);
  if (isJson) session.terminal.out(spacedJson(record));
  else for (const each of linesOf(record)) session.terminal.out(each);
  return 0;
}

function linesOf(record: JsonRecord): readonly string[] {
  const { relations, notes } = record;
  return [
    line('Member', record['member']),
    line('ID', record['id']),
    line('Recorded at', record['at']),
    line('Why', record['reason']),
    line('State', record['state']),
    ...positionLines(record),
    line('May be acknowledged', record['mayBeAcknowledged'] === true ? 'yes' : 'no'),
    ...keptLines(record),
    ...(isList(notes) ? notes.map((note) => line('Note', note)) : []),
    ...(isList(relations) && relations.length > 0 ? ['Relations touched (WAL records):'] : []),
    ...(isList(relations) ? relations.filter(isRecord).map(relationLine) : []),
  ];
}

function line(label: string, value: unknown): string {
  return `${`${label}:`.padEnd(22)} ${shown(value)}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}

function positionLines({ fork, leader, end, timeline, bytes, transactions }: JsonRecord): readonly string[] {
  const told = isRecord(transactions) ? transactions : {};
  const on = (record: JsonRecord, name: string): string =>
    `${shown(record[name])} on timeline ${shown(record['timeline'])}`;
  return [
    line('Leader then', isRecord(leader) ? on(leader, 'member') : undefined),
    line('Fork', isRecord(fork) ? on(fork, 'lsn') : 'none in common'),
    line('End', `${shown(end)} on timeline ${shown(timeline)}`),
    line('Bytes', bytes),
    line('Transactions', `${shown(told['committed'])} committed, ${shown(told['aborted'])} aborted`),
  ];
}

function keptLines({ kept, setAside }: JsonRecord): readonly string[] {
  return [
    line('WAL kept in', isRecord(kept) ? kept['directory'] : 'not kept'),
    line('Data moved to', setAside ?? 'not moved'),
  ];
}

function relationLine(relation: JsonRecord): string {
  return `  ${shown(relation['records']).padStart(10)}  ${shown(relation['name'])}`;
}

async function discard(member: Member, id: string, { isForced }: DivergenceOptions, session: Session): Promise<number> {
  const { terminal } = session;
  const question = `Delete what ${member.name} keeps of divergence ${id}, for good?`;
  if (!isForced && !(await terminal.confirm(question))) return 0;
  const reply = await session.callApi({ method: 'DELETE', url: urlOf(member, id), budgetMs: DISCARD_MS });
  if (reply.kind !== 'answered')
    throw new Refusal(`${member.name} does not answer: ${reply.why}; whether it is discarded is not known`);
  if (reply.status !== 200) throw new Refusal(`${member.name} refuses: ${reply.body} (status ${reply.status})`);
  terminal.out(`${member.name}: ${reply.body}`);
  return 0;
}

function urlOf({ name, data }: Member, id: string): string {
  const path = id === '' ? PATH : `${PATH}/${encodeURIComponent(id)}`;
  const url = data.apiUrl === undefined ? undefined : withPath(data.apiUrl, path);
  if (url === undefined) throw new Refusal(`${name} has published no api_url`);
  return url;
}
