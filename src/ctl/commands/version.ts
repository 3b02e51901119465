import { countField, isRecord, recordFromJson, textField } from '../../core/layout/fields.ts';
import type { Member } from '../../core/model/cluster.ts';
import type { Session } from '../session.ts';
import type { Terminal } from '../terminal.ts';

/** Our own version needs no configuration. */
export interface Opening {
  readonly terminal: Terminal;
  readonly open: () => Promise<Session>;
}

export interface VersionOptions {
  readonly own: string;
  /** undefined: only our own version. */
  readonly cluster: string | undefined;
  /** Empty: all. */
  readonly members: readonly string[];
}

const BUDGET_MS = 5_000;

/** Prints our version, then for each member those of its agent and its PostgreSQL. */
export async function version({ own, cluster, members }: VersionOptions, opening: Opening): Promise<number> {
  opening.terminal.out(`kornakctl version ${own}`);
  if (cluster === undefined) return 0;
  const session = await opening.open();
  const { view } = await session.dcs.read(cluster);
  const asked = view.members.filter(({ name }) => members.length === 0 || members.includes(name));
  const told = await Promise.all(asked.map(async (member) => `${member.name}: ${await versionsOf(member, session)}`));
  for (const line of ['', ...told]) opening.terminal.out(line);
  return 0;
}

async function versionsOf({ data }: Member, { callApi }: Session): Promise<string> {
  if (data.apiUrl === undefined) return 'failed to get version: it has published no api_url';
  const reply = await callApi({ method: 'GET', url: data.apiUrl, budgetMs: BUDGET_MS });
  if (reply.kind !== 'answered') return `failed to get version: ${reply.why}`;
  const document = recordFromJson(reply.body) ?? {};
  const agent = isRecord(document['patroni']) ? textField(document['patroni'], 'version') : undefined;
  const server = countField(document, 'server_version');
  return `Patroni ${agent ?? 'unknown'} PostgreSQL ${server === undefined ? 'unknown' : serverVersion(server)}`;
}

/** 150018 is 15.18, 90624 is 9.6.24. */
export function serverVersion(number: number): string {
  const major = Math.floor(number / 10_000);
  if (major >= 10) return `${major}.${number % 10_000}`;
  return `${major}.${Math.floor(number / 100) % 100}.${number % 100}`;
}
