import { historyRow } from '../core/layout/history-key.ts';
import { type Answer, bare, json, page, text } from './answer.ts';
import { clusterDocument } from './cluster-document.ts';
import type { ApiRequest, Office } from './endpoint.ts';
import { isHealthy } from './health.ts';
import { isAlive, isReady } from './probes.ts';
import { statusDocument, unknownStatus } from './status-document.ts';

export function getHealth({ path, query }: ApiRequest, office: Office): Answer {
  const { situation } = office;
  const isGood = situation !== undefined && isHealthy(path, query, situation);
  return json(isGood ? 200 : 503, documentOf(office));
}

export function getStatus(_: ApiRequest, office: Office): Answer {
  return json(200, documentOf(office));
}

export function getLiveness(_: ApiRequest, { situation, desk, startedMs }: Office): Answer {
  return bare(isAlive(situation, desk.nowMs(), startedMs));
}

export function getReadiness({ query }: ApiRequest, { situation }: Office): Answer {
  return bare(situation !== undefined && isReady(situation, query));
}

export function getCluster(_: ApiRequest, { situation, scope }: Office): Answer {
  if (situation?.view === undefined) return storeSilent();
  return json(200, clusterDocument(situation.view, scope));
}

export function getHistory(_: ApiRequest, { situation }: Office): Answer {
  if (situation?.view === undefined) return storeSilent();
  return json(200, (situation.view.history.value ?? []).map(historyRow));
}

export function getConfig(_: ApiRequest, { situation }: Office): Answer {
  if (situation?.view === undefined) return storeSilent();
  const { raw } = situation.view.config;
  return raw === undefined ? page(502, 'There is no valid config key') : json(200, raw);
}

export function storeSilent(): Answer {
  return text(503, 'the store does not answer');
}

function documentOf({ situation, name, scope }: Office): Readonly<Record<string, unknown>> {
  return situation === undefined ? unknownStatus(name, scope) : statusDocument(situation);
}
