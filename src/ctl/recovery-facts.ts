import { type ApiReply, withPath } from '../api/client.ts';
import {
  countField,
  fieldOf,
  isRecord,
  type JsonRecord,
  lsnField,
  recordFromJson,
  textField,
} from '../core/layout/fields.ts';
import { failoverPriority, neverLeaderBecause } from '../core/model/tags.ts';
import type { RecoveryFacts } from '../core/explain/recovery-plan.ts';
import { tagsFrom } from '../api/peer-status.ts';
import type { Session } from './session.ts';

const BUDGET_MS = 5_000;

export type Gathered =
  | { readonly kind: 'facts'; readonly url: string; readonly facts: RecoveryFacts }
  | { readonly kind: 'silent'; readonly url: string; readonly name: string | undefined; readonly why: string };

/** Asks a member what it could lead from. */
export async function gather(name: string | undefined, apiUrl: string, { callApi }: Session): Promise<Gathered> {
  const url = withPath(apiUrl, '/kornak/recovery');
  if (url === undefined) return { kind: 'silent', url: apiUrl, name, why: 'it is no URL' };
  const reply = await callApi({ method: 'GET', url, budgetMs: BUDGET_MS });
  const facts = factsFrom(reply);
  return typeof facts === 'string' ? { kind: 'silent', url, name, why: facts } : { kind: 'facts', url, facts };
}

function factsFrom(reply: ApiReply): RecoveryFacts | string {
  if (reply.kind !== 'answered') return reply.why;
  const record = reply.status === 200 ? recordFromJson(reply.body) : undefined;
  const name = record && textField(record, 'member');
  if (record === undefined || name === undefined)
    return `status ${reply.status}: it is no agent of Kornak, or an older one`;
  const control = fieldOf(record, 'control');
  const timeline = countField(record, 'timeline');
  const lsn = lsnField(record, 'lsn');
  const tags = tagsFrom(record);
  return {
    name,
    systemId: isRecord(control) ? textField(control, 'system_identifier') : undefined,
    controlState: isRecord(control) ? textField(control, 'state') : undefined,
    server: textField(record, 'server') ?? 'unknown',
    position: timeline === undefined || lsn === undefined ? undefined : { timeline, lsn },
    isExact: isTrue(record, 'exact'),
    wasPrimary: isTrue(record, 'was_primary'),
    priority: failoverPriority(tags),
    neverLeader: neverLeaderBecause(tags),
    why: textField(record, 'why'),
  };
}

function isTrue(record: JsonRecord, name: string): boolean {
  return fieldOf(record, name) === true;
}
