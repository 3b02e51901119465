// The chain of a failover: from the fault to the first acknowledged write. Key moments are etcd's, those of PostgreSQL its own log's,
// and what made a member act is told by the events of Kornak's agents.
import { readFile } from 'node:fs/promises';
import { fieldOf, isList, recordFromJson } from '../../src/core/layout/fields.ts';
import type { ToldEvent } from '../../src/core/explain/failover-chain.ts';
import { toldEvents } from '../../src/ctl/told-event.ts';
import type { Node } from '../cluster/node.ts';
import type { KeyMoment } from './leader-key.ts';

export const LINKS = ['noticed', 'key gone', 'key taken', 'promote sent', 'writable', 'first ack'] as const;
export type LinkName = (typeof LINKS)[number];

/** Milliseconds after the fault; what nobody told of is left out. */
export type Chain = Readonly<Partial<Record<LinkName, number>>>;

export interface ChainSources {
  readonly struckMs: number;
  readonly oldLeader: string;
  readonly newLeader: string | undefined;
  readonly firstAckMs: number | undefined;
  readonly key: readonly KeyMoment[];
  readonly serverLog: string;
  readonly events: readonly ToldEvent[];
}

const STAMP = /^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}) UTC \[\d+\] LOG: {2}(.*)$/;

/** What somebody did because of the fault, whoever it was. */
const NOTICED: ReadonlySet<string> = new Set([
  'leader.suspected',
  'switchover.started',
  'postgres.crashed',
  'leader.released',
]);

/** Of the clock that performance.now() goes by. */
export function wallOffsetMs(): number {
  return Date.now() - performance.now();
}

function logMoment(text: string, sinceWallMs: number, message: string): number | undefined {
  for (const line of text.split('\n')) {
    const [, at, said] = STAMP.exec(line) ?? [];
    if (at === undefined || said === undefined || !said.startsWith(message)) continue;
    const wallMs = Date.parse(`${at.replace(' ', 'T')}Z`);
    // The log rounds down.
    if (wallMs + 1 >= sinceWallMs) return wallMs;
  }
  return undefined;
}

export function chainOf(sources: ChainSources): Chain {
  const { struckMs, oldLeader, newLeader, firstAckMs, key, serverLog, events } = sources;
  const struckWallMs = struckMs + wallOffsetMs();
  const after = (wallMs: number | undefined): number | undefined =>
    wallMs === undefined ? undefined : Math.max(0, wallMs - struckWallMs);
  const isChange = newLeader !== undefined;
  const taken = isChange ? key.find(({ holder }) => holder !== undefined && holder !== oldLeader) : undefined;
  const gone = isChange ? key.find(({ holder }) => holder === undefined) : undefined;
  const noticed = events.find(({ kind, wallMs }) => NOTICED.has(kind) && wallMs >= struckWallMs);
  const told: Partial<Record<LinkName, number | undefined>> = {
    noticed: after(noticed?.wallMs),
    'key gone': gone && gone.atMs - struckMs,
    'key taken': taken && taken.atMs - struckMs,
    'promote sent': isChange ? after(logMoment(serverLog, struckWallMs, 'received promote request')) : undefined,
    writable: after(logMoment(serverLog, struckWallMs, 'database system is ready to accept connections')),
    'first ack': firstAckMs,
  };
  const known = LINKS.flatMap((name) => {
    const ms = told[name];
    return ms === undefined ? [] : [[name, Math.round(ms)] as const];
  });
  return Object.fromEntries(known);
}

export async function serverLogOf(node: Node | undefined): Promise<string> {
  return node === undefined ? '' : await readFile(node.serverLog, 'utf8').catch(() => '');
}

/** Everything that the agents remember; nothing where the product has no such thing. */
export async function eventsOf(nodes: readonly Node[]): Promise<readonly ToldEvent[]> {
  const lists = nodes.map(async (node) => {
    if (node.product.name !== 'kornak') return [];
    const answer = await node.api('/kornak/explain').catch(() => undefined);
    const events = fieldOf(recordFromJson(answer?.text ?? '') ?? {}, 'events');
    return isList(events) ? events : [];
  });
  return toldEvents(await Promise.all(lists));
}
