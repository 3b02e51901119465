import type { SyncState } from '../model/cluster.ts';
import type { Footing } from './footing.ts';
import { planPriority } from './plan-priority.ts';
import { planQuorum } from './plan-quorum.ts';
import { acknowledgingStandbys, type Standby, withinLag } from './standbys.ts';
import { strictHold } from './strict-hold.ts';
import type { SyncInput, SyncMove, SyncScene } from './sync-move.ts';
import { isSameName, parseSyncNames } from './sync-names.ts';

function switchOff(input: SyncInput): SyncMove | undefined {
  const { names } = input.primary.sync;
  // One that says nothing would keep everybody but the last leader from leading.
  if (input.sync.value.leader !== undefined || input.sync.revision !== 0) {
    return { why: 'synchronous replication is switched off', deleteSync: true, setNames: null, mark: null };
  }
  if (names !== '' && names === input.lastSet)
    return { why: 'nobody needs to be waited for', setNames: null, mark: null };
  return undefined;
}

/** /sync is not ours to rest on yet: an unknown write is settled by writing, and a new reign begins with nobody. */
function takeCharge({ me, sync, mode, unsettled }: SyncInput): SyncMove | undefined {
  const { leader } = sync.value;
  if (leader === undefined || (leader !== me && mode === 'on')) {
    const writeSync = { leader: me, voters: [], quorum: 0 };
    return { why: 'synchronous replication is switched on', writeSync, mark: null };
  }
  if (!unsettled || leader !== me) return undefined;
  return { why: 'an earlier write of /sync may still land: written again as it stands', writeSync: sync.value };
}

/** As its member spells it. */
function spelled(name: string, input: SyncInput): string {
  return [input.me, ...input.members.map((member) => member.name)].find((each) => isSameName(each, name)) ?? name;
}

function footingOf(input: SyncInput, leader: string, standbys: readonly Standby[]): Footing {
  const { primary, mark } = input;
  const names = parseSyncNames(primary.sync.names);
  const { voters, quorum }: SyncState = input.sync.value;
  const isMarked = mark !== undefined && mark.names === primary.sync.names;
  const holders = standbys.filter(({ flushLsn }) => isMarked && flushLsn >= mark.lsn).map(({ name }) => name);
  return {
    me: input.me,
    sync: { leader: spelled(leader, input), quorum, voters: voters.map((name) => spelled(name, input)) },
    names: { ...names, names: names.names.map((name) => spelled(name, input)) },
    holders: isMarked ? new Set(holders) : undefined,
  };
}

function sceneOf(input: SyncInput, leader: string): SyncScene {
  const holding = acknowledgingStandbys({ ...input, voters: input.sync.value.voters });
  const footing = footingOf(input, leader, holding);
  // Whoever lags too far is not waited for, and holds what it holds all the same.
  const there = withinLag(holding, input).map(({ name }) => name);
  const expected = footing.sync.voters.filter(
    (name) =>
      input.expected.has(name) &&
      !input.stalled.has(name) &&
      footing.names.names.includes(name) &&
      !holding.some((each) => each.name === name),
  );
  return {
    input,
    footing,
    active: [...there, ...expected],
    nofailover: new Set(input.members.filter(({ nofailover }) => nofailover).map(({ name }) => name)),
  };
}

/**
 * The next move by the rules of safety.md, "What /sync rests on": raise what commits wait for first, then /sync; lower /sync
 * first. Pure and stateless but for the mark, so an interruption at any point is just the next input.
 */
export function planSync(input: SyncInput): SyncMove | undefined {
  if (input.mode === 'off') return switchOff(input);
  const first = takeCharge(input);
  const { leader } = input.sync.value;
  if (first !== undefined || leader === undefined) return first;
  const scene = sceneOf(input, leader);
  return strictHold(scene) ?? (input.mode === 'quorum' ? planQuorum(scene) : planPriority(scene));
}
