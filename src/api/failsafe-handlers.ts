import { maxLsn } from '../core/model/lsn.ts';
import { type Answer, json, page, text } from './answer.ts';
import type { ApiRequest, Office } from './endpoint.ts';
import { forgetFrom, promiseFrom } from './failsafe-body.ts';

/** The map as last read, also while the store is silent. */
export function getFailsafe(_: ApiRequest, { situation }: Office): Answer {
  const members = situation?.lastView?.failsafe.value;
  return members === undefined ? page(502, 'There is no failsafe key') : json(200, members);
}

export async function postFailsafe({ body }: ApiRequest, office: Office): Promise<Answer> {
  const request = promiseFrom(body);
  if (typeof request === 'string') return page(400, request);
  const given = await office.desk.promise(request);
  if (given.kind === 'accepted') return { ...text(200, 'Accepted'), headers: positionOf(office) };
  return given.status === 502 || given.status === 400 ? page(given.status, given.why) : text(given.status, given.why);
}

export function deleteFailsafe({ body }: ApiRequest, { desk }: Office): Answer {
  const request = forgetFrom(body);
  if (typeof request === 'string') return page(400, request);
  desk.forget(request);
  return text(200, 'Forgotten');
}

/** How far this standby's WAL reaches, in decimal. */
function positionOf({ situation }: Office): Readonly<Record<string, string>> {
  const sql = situation?.sql;
  return sql?.kind === 'standby' ? { lsn: String(maxLsn(sql.receivedLsn, sql.replayedLsn)) } : {};
}
