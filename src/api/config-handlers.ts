import type { DeskOutcome } from '../ports/desk.ts';
import { type Answer, json, page, text } from './answer.ts';
import type { ApiRequest, Office } from './endpoint.ts';
import type { JsonObject } from './request-body.ts';

export async function patchConfig({ body }: ApiRequest, { desk }: Office): Promise<Answer> {
  const outcome = await desk.changeConfig({ kind: 'patch', value: body });
  if (outcome.kind === 'absent') return page(503, outcome.why);
  return changed(outcome) ?? text(503, notDone(outcome));
}

export async function putConfig({ body }: ApiRequest, { desk }: Office): Promise<Answer> {
  const outcome = await desk.changeConfig({ kind: 'replace', value: body });
  return changed(outcome) ?? page(502, notDone(outcome));
}

function changed(outcome: DeskOutcome<JsonObject>): Answer | undefined {
  if (outcome.kind === 'done') return json(200, outcome.value);
  if (outcome.kind === 'conflict') return page(409, 'The configuration was changed by somebody else at the same time');
  return undefined;
}

function notDone(outcome: DeskOutcome<JsonObject>): string {
  if (outcome.kind === 'unknown') return `whether the configuration was written is unknown: ${outcome.why}`;
  return `the configuration was not written${'why' in outcome ? `: ${outcome.why}` : ''}`;
}
