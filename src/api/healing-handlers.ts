import type { DivergenceRecord } from '../core/model/divergence-record.ts';
import { type Answer, json, text } from './answer.ts';
import type { ApiRequest, Office } from './endpoint.ts';

export async function postReinitialize({ body }: ApiRequest, { desk }: Office): Promise<Answer> {
  const [force, fromLeader] = [body['force'] ?? false, body['from_leader'] ?? body['from-leader'] ?? false];
  if (typeof force !== 'boolean') return text(400, 'force must be true or false');
  if (typeof fromLeader !== 'boolean') return text(400, 'from_leader must be true or false');
  const outcome = await desk.reinitialize({ force, fromLeader });
  if (outcome.kind === 'done') return text(200, outcome.value);
  return text(503, outcome.kind === 'conflict' ? 'somebody else was faster' : outcome.why);
}

export async function getDivergence({ path }: ApiRequest, { desk }: Office): Promise<Answer> {
  const id = idIn(path);
  const records = await desk.divergences().catch((error: unknown) => String(error));
  if (typeof records === 'string') return text(503, `what was recorded cannot be read: ${records}`);
  if (id === undefined) return json(200, { divergences: records.map(lineOf) });
  const record = records.find((each) => each.id === id);
  return record === undefined ? text(404, `there is no divergence ${id} on this member`) : json(200, record);
}

export async function deleteDivergence({ path }: ApiRequest, { desk }: Office): Promise<Answer> {
  const id = idIn(path);
  if (id === undefined) return text(400, 'say which one: /kornak/divergence/ID');
  const outcome = await desk
    .discardDivergence(id)
    .catch((error: unknown) => ({ kind: 'notDone', why: String(error) }) as const);
  if (outcome.kind === 'done') return text(200, `divergence ${id} is discarded`);
  if (outcome.kind === 'absent') return text(404, outcome.why);
  return text(503, outcome.kind === 'conflict' ? 'somebody else was faster' : outcome.why);
}

/** All that stands below the endpoint: whoever names more than one record means none of them. */
function idIn(path: string): string | undefined {
  const id = path.split('/').slice(3).join('/').replace(/\/$/, '');
  return id === '' ? undefined : id;
}

/** Without what only one record's page needs. */
function lineOf(record: DivergenceRecord): Readonly<Record<string, unknown>> {
  const { relations, kept, notes, ...line } = record;
  return { ...line, relations: relations.length, notes: notes.length, kept_bytes: kept?.bytes ?? 0 };
}
