import { decodeDynamicConfig } from '../core/settings/dynamic-config.ts';
import { tooManyStandbys } from '../core/settings/too-many-standbys.ts';
import type { Desk, DeskOutcome } from '../ports/desk.ts';
import { type Answer, json, page, text } from './answer.ts';
import type { ApiRequest, Office } from './endpoint.ts';
import type { JsonObject } from './request-body.ts';
import { warningHeader } from './warning-header.ts';

export async function patchConfig({ body }: ApiRequest, { desk }: Office): Promise<Answer> {
  const outcome = await desk.changeConfig({ kind: 'patch', value: body });
  if (outcome.kind === 'absent') return page(503, outcome.why);
  return changed(outcome, desk) ?? text(503, notDone(outcome));
}

export async function putConfig({ body }: ApiRequest, { desk }: Office): Promise<Answer> {
  const outcome = await desk.changeConfig({ kind: 'replace', value: body });
  return changed(outcome, desk) ?? page(502, notDone(outcome));
}

function changed(outcome: DeskOutcome<JsonObject>, desk: Desk): Answer | undefined {
  if (outcome.kind === 'refused') return text(400, outcome.why);
  if (outcome.kind === 'done') return { ...json(200, outcome.value), ...warning(outcome.value, desk) };
  if (outcome.kind === 'conflict') return page(409, 'The configuration was changed by somebody else at the same time');
  return undefined;
}

/** Clients of the contract read the body as the configuration, so what is to be said about it goes beside it. */
function warning(config: JsonObject, desk: Desk): Pick<Answer, 'headers'> {
  const cluster = desk.snapshot()?.observation.cluster;
  const members = cluster?.kind === 'seen' ? cluster.value.members : [];
  const decoded = decodeDynamicConfig(config);
  const tooMany = tooManyStandbys(decoded.config, members);
  const headers = warningHeader([...decoded.warnings, ...(tooMany === undefined ? [] : [tooMany])]);
  return headers === undefined ? {} : { headers };
}

function notDone(outcome: DeskOutcome<JsonObject>): string {
  if (outcome.kind === 'unknown') return `whether the configuration was written is unknown: ${outcome.why}`;
  return `the configuration was not written${'why' in outcome ? `: ${outcome.why}` : ''}`;
}
