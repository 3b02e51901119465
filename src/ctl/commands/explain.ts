import { withPath } from '../../api/client.ts';
import { spacedJson } from '../../core/layout/compact-json.ts';
import {
  type FailoverChain,
  failoverChain,
  lastRoleChange,
  type RoleChange,
  type ToldEvent,
} from '../../core/explain/failover-chain.ts';
import { fieldOf, isList, recordFromJson } from '../../core/layout/fields.ts';
import { historyRow } from '../../core/layout/history-key.ts';
import { decodeEvents } from '../../core/layout/own-keys.ts';
import type { ClusterView, Member } from '../../core/model/cluster.ts';
import { chainFields, chainLines } from '../chain-lines.ts';
import { namedCluster } from '../named-cluster.ts';
import type { Session } from '../session.ts';
import { toldEvents } from '../told-event.ts';

export interface ExplainOptions {
  readonly cluster: string | undefined;
  readonly isJson: boolean;
  /** The chain of the last change of leaders alone: one line for each link. */
  readonly isChain?: boolean;
}

const BUDGET_MS = 3_000;

/** Tells why the last role change happened: each event that led to it or the links of its chain, and the timers in force. */
export async function explain(options: ExplainOptions, session: Session): Promise<number> {
  const cluster = namedCluster(options.cluster, session);
  const { view } = await session.dcs.read(cluster);
  const own = await Promise.all(view.members.map((member) => askMember(member, session)));
  const change = lastRoleChange(
    toldEvents([decodeEvents(view.events.value).value, ...own.map(({ events }) => events)]),
    view.reign.value?.name,
  );
  const chain = change && failoverChain(change);
  const failsafe = own.flatMap((each) => each.failsafe ?? []);
  const story = change?.story ?? [];
  const lines = options.isJson
    ? [
        spacedJson({
          cluster,
          leader: view.leader?.name ?? null,
          chain: chain === undefined ? null : chainFields(chain),
          history: newestHistory(view),
          events: story.map(eventFields),
          failsafe,
          timers: timers(view),
        }),
      ]
    : [
        ...headline(cluster, view, change),
        ...failsafe,
        ...(options.isChain === true ? chainOrHistory(view, chain) : told(story)),
        timerLine(view),
      ];
  for (const line of lines) session.terminal.out(line);
  return 0;
}

interface OwnWord {
  /** A member keeps what it could not write into the store. */
  readonly events: readonly unknown[];
  /** What it says of failsafe mode, while that carries the cluster. */
  readonly failsafe?: string | undefined;
}

async function askMember({ name, data }: Member, { callApi, terminal }: Session): Promise<OwnWord> {
  const url = data.apiUrl === undefined ? undefined : withPath(data.apiUrl, '/kornak/explain');
  if (url === undefined) return { events: [] };
  const reply = await callApi({ method: 'GET', url, budgetMs: BUDGET_MS });
  if (reply.kind !== 'answered') {
    terminal.talk(`${name} does not answer (${reply.why}): events that only it knows are missing`);
    return { events: [] };
  }
  const document = reply.status === 200 ? (recordFromJson(reply.body) ?? {}) : {};
  const events = fieldOf(document, 'events');
  return { events: isList(events) ? events : [], failsafe: failsafeLine(name, fieldOf(document, 'failsafe')) };
}

function failsafeLine(name: string, failsafe: unknown): string | undefined {
  if (!isRecord(failsafe)) return undefined;
  const { leads, since_ms: sinceMs, leader, promised_ms: promisedMs } = failsafe;
  const seconds = (ms: unknown): string => (typeof ms === 'number' ? `${(ms / 1000).toFixed(1)} s` : 'some time');
  return leads === true
    ? `Failsafe mode: ${name} has led without the store for ${seconds(sinceMs)}, as every member in /failsafe agrees`
    : `Failsafe mode: ${name} has promised ${String(leader)} not to lead for ${seconds(promisedMs)} more`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function headline(cluster: string, { leader }: ClusterView, change: RoleChange | undefined): readonly string[] {
  const now = leader === undefined ? 'nobody leads' : `${leader.name} leads`;
  if (change === undefined) return [`Cluster ${cluster}: ${now}. No role change is recorded.`];
  const { taken, story } = change;
  const [cause] = story;
  return [
    `Cluster ${cluster}: ${now}. Last role change at ${taken.wallAt}, by rule ${taken.rule}: ${taken.text}`,
    ...(cause === undefined || cause === taken
      ? []
      : [`It began with rule ${cause.rule} on ${cause.member}: ${cause.text}`]),
  ];
}

/** Events are best effort; who leads on which timeline is on record all the same. */
function chainOrHistory(view: ClusterView, chain: FailoverChain | undefined): readonly string[] {
  const { value: reign } = view.reign;
  const newest = view.history.value?.at(-1);
  const isOfThisReign = reign === undefined || chain === undefined || reign.name === chain.leader;
  const gap = isOfThisReign
    ? []
    : [`${reign.name} has led since, on timeline ${reign.timeline}: its events are not recorded`];
  const row =
    newest?.at === undefined
      ? []
      : [
          `/history: timeline ${newest.timeline} ended at ${newest.at}, ${newest.newLeader ?? 'nobody named'} led on: ${newest.reason}`,
        ];
  return [...(chain === undefined ? [] : chainLines(chain)), ...gap, ...row];
}

function newestHistory({ history }: ClusterView): readonly unknown[] | null {
  const newest = history.value?.at(-1);
  return newest === undefined ? null : historyRow(newest);
}

function told(story: readonly ToldEvent[]): readonly string[] {
  const startMs = story[0]?.wallMs ?? 0;
  const nameWidth = Math.max(0, ...story.map(({ member }) => member.length));
  return story.flatMap(({ wallMs, member, rule, text, evidence }) => {
    const after = `+${((wallMs - startMs) / 1000).toFixed(3)} s`.padStart(12);
    const facts = Object.entries(evidence).map(([name, value]) => `${name}=${factText(value)}`);
    const line = `${after}  ${member.padEnd(nameWidth)}  ${rule.padEnd(4)}  ${text}`;
    return facts.length === 0 ? [line] : [line, `${' '.repeat(14 + nameWidth + 2)}      ${facts.join(', ')}`];
  });
}

/** Clocks tell more digits than anybody reads. */
function factText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(Math.round(value)) : JSON.stringify(value);
}

function eventFields({ kind, member, wallAt, rule, text, evidence }: ToldEvent): Readonly<Record<string, unknown>> {
  return { kind, member, at: wallAt, rule, text, evidence };
}

/** By the names that the configuration has for them, in seconds. */
function timers({ config }: ClusterView): Readonly<Record<string, number>> {
  const { value } = config;
  if (value === undefined) return {};
  return {
    leader_ttl: value.leaderTtlMs / 1000,
    ttl: value.ttlMs / 1000,
    loop_wait: value.loopWaitMs / 1000,
    retry_timeout: value.retryTimeoutMs / 1000,
    health_timeout: value.healthTimeoutMs / 1000,
    primary_start_timeout: value.primaryStartTimeoutMs / 1000,
    primary_stop_timeout: value.primaryStopTimeoutMs / 1000,
  };
}

function timerLine(view: ClusterView): string {
  const all = Object.entries(timers(view)).map(([name, seconds]) => `${name} ${seconds} s`);
  return all.length === 0 ? 'Timers: there is no dynamic configuration' : `Timers: ${all.join(', ')}`;
}
