import type { Peers, PromiseAnswer, PromiseRequest } from '../../ports/peers.ts';
import type { FaultKind } from '../fault/kinds.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';

/** A leader cut off from the store, and members that are not: without synchronous replication nothing else holds them back. */
export function bridged(options: Options, weights: Partial<Readonly<Record<FaultKind, number>>>): Options {
  return {
    ...troubled(options, { 'store-cut': 3, ...weights }),
    memberCount: 3,
    isSynchronous: false,
    isFailsafe: true,
    leaderTtlMs: 3000,
    leaderBias: 0.6,
    faultEveryMs: 5000,
    thinkMs: 150,
  };
}

export const promiseNotOnDisk: Mutant = {
  name: 'promise-not-on-disk',
  without: 'the record of a promise: an agent that starts anew knows of none',
  isSlow: true,
  options: (options) => bridged(options, { 'agent-kill': 3 }),
  promiseFile: (file) => ({
    ...file,
    read: () => Promise.resolve({ kind: 'read', promises: [] }),
    write: () => Promise.resolve(undefined),
  }),
};

/** The first answer that is there when the next question is put counts for that one. */
export const promisedFromAnswer: Mutant = {
  name: 'promise-counted-from-its-answer',
  without: 'the deadline by promises counted from the sending of the questions',
  options: (options) => ({ ...bridged(options, { 'link-cut': 3, 'agent-freeze': 1 }), slowRate: 0.15 }),
  peers: (peers) => {
    const answered = new Map<string, PromiseAnswer>();
    return asking(peers, async (apiUrl, request, budgetMs) => {
      const asked = peers.askFailsafe(apiUrl, request, 3 * budgetMs);
      const before = answered.get(apiUrl);
      answered.delete(apiUrl);
      const kept = keepAnswer(asked, answered, apiUrl);
      return before?.kind === 'accepted' ? before : kept;
    });
  },
};

async function keepAnswer(
  asked: Promise<PromiseAnswer>,
  answered: Map<string, PromiseAnswer>,
  apiUrl: string,
): Promise<PromiseAnswer> {
  const answer = await asked;
  answered.set(apiUrl, answer);
  return answer;
}

export const acceptedByMost: Mutant = {
  name: 'promised-by-most',
  without: 'the consent of every member: one of them is not waited for',
  options: (options) => bridged(options, { 'link-cut': 3 }),
  peers: (peers) =>
    asking(peers, async (apiUrl, request, budgetMs) => {
      const answer = await peers.askFailsafe(apiUrl, request, budgetMs);
      return apiUrl.includes('bob') || (request.name === 'bob' && apiUrl.includes('ada'))
        ? { kind: 'accepted' }
        : answer;
    }),
};

export const promiseNotKept: Mutant = {
  name: 'promise-not-kept',
  without: 'what a promise binds its giver to',
  options: (options) => bridged(options, {}),
  promise: (give) => (request) => give({ ...request, own: request.own && { ...request.own, promiseMs: 1 } }),
};

export const ledUnlisted: Mutant = {
  name: 'led-unlisted',
  without: 'the map of who may lead',
  options: (options) => ({ ...bridged(options, { 'machine-crash': 2, isolation: 1 }), faultLengthMs: 20_000 }),
  decide: (decide) => (observation, memory) => {
    const { cluster } = observation;
    if (cluster.kind !== 'seen' || cluster.value.leader !== undefined) return decide(observation, memory);
    const value = { ...cluster.value, failsafe: { ...cluster.value.failsafe, value: undefined } };
    return decide({ ...observation, cluster: { ...cluster, value } }, memory);
  },
};

type Ask = (apiUrl: string, request: PromiseRequest, budgetMs: number) => Promise<PromiseAnswer>;

/** The same peers, but for what they promise. */
function asking(peers: Peers, ask: Ask): Peers {
  return {
    probe: (apiUrl, budgetMs) => peers.probe(apiUrl, budgetMs),
    askFailsafe: ask,
    forgetFailsafe: (apiUrl, request, budgetMs) => peers.forgetFailsafe(apiUrl, request, budgetMs),
    heartbeat: (apiUrl, sink, budgetMs) => peers.heartbeat(apiUrl, sink, budgetMs),
    probePostgres: (where, budgetMs) => peers.probePostgres(where, budgetMs),
  };
}
