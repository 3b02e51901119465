// Which copied logical slots are good for a failover, by what the leader is seen to keep (contract: ha.md 5.4).
import { describe, expect, test } from 'vitest';
import { decide } from '../../../../src/core/decide/decide.ts';
import { decodeMember, encodeMember } from '../../../../src/core/layout/member-key.ts';
import type { FinishedJob } from '../../../../src/core/model/job.ts';
import type { Slot } from '../../../../src/core/model/local-postgres.ts';
import type { Memory } from '../../../../src/core/model/memory.ts';
import { type ReadinessInput, slotReadiness } from '../../../../src/core/slots/slot-readiness.ts';
import {
  at,
  configKey,
  held,
  leaderKey,
  member,
  memberData,
  memory,
  NOW_MS,
  observation,
  primary,
  standby,
  view,
} from '../../../support/core-builders.ts';

const copy = (name: string, catalogXmin?: number): Slot => ({
  name,
  kind: 'logical',
  active: false,
  restartLsn: at(900),
  plugin: 'pgoutput',
  database: 'app',
  confirmedFlushLsn: at(950),
  ...(catalogXmin === undefined ? {} : { catalogXmin }),
});

const SETTINGS = {
  parameters: {},
  pgHba: undefined,
  pgIdent: undefined,
  syncNames: undefined,
  managesSync: false,
};
const START = 'one start';
const input = (told: ReadinessInput['told'], xmin: number | undefined, more: Partial<ReadinessInput> = {}) => ({
  reign: 10,
  startedAt: START,
  told,
  feedbackSlot: 'a',
  copies: [copy('cdc', xmin)],
  ...more,
});

describe('a copied slot is ready', () => {
  test.each([
    ['once the leader keeps what lies between its own slot and the copy', { a: 700, cdc: 690 }, 710, true],
    ['at the bounds, too', { a: 700, cdc: 700 }, 700, true],
    ['not while the leader keeps nothing for this standby', { cdc: 690 }, 710, false],
    ['not while what it keeps is newer than the copy needs', { a: 711, cdc: 690 }, 710, false],
    [
      'not while what it keeps is older than what its own slot kept, which may be gone',
      { a: 680, cdc: 690 },
      710,
      false,
    ],
    ['not where the leader does not tell of its own slot', { a: 700 }, 710, false],
    ['not where the copy says nothing', { a: 700, cdc: 690 }, undefined, false],
    ['also where transaction ids have gone round', { a: 5, cdc: 4_294_967_290 }, 9, true],
  ])('%s', (_name, told, xmin, isReady) => {
    const it = slotReadiness(undefined, input(told, xmin));
    expect([it?.ready, it?.unready]).toEqual(isReady ? [['cdc'], []] : [[], ['cdc']]);
  });

  test('by what the leader’s slot kept at first: later it is always ahead of the copies', () => {
    const first = slotReadiness(undefined, input({ a: 680, cdc: 690 }, 680));
    expect(first?.unready).toEqual(['cdc']);
    expect(slotReadiness(first, input({ a: 695, cdc: 800 }, 695))?.ready).toEqual(['cdc']);
  });

  test('until another leader, another start, or nothing being kept any more', () => {
    const ready = slotReadiness(undefined, input({ a: 700, cdc: 690 }, 710));
    const told = { a: 700, cdc: 720 };
    expect(slotReadiness(ready, input(told, 710))?.ready).toEqual(['cdc']);
    expect(slotReadiness(ready, input(told, 710, { reign: 11 }))?.unready).toEqual(['cdc']);
    expect(slotReadiness(ready, input(told, 710, { startedAt: 'another' }))?.unready).toEqual(['cdc']);
    expect(slotReadiness(ready, input({ cdc: 720 }, 710))?.unready).toEqual(['cdc']);
  });

  test('and nothing is said where there are no copies', () => {
    expect(slotReadiness(undefined, input({ a: 1 }, 1, { copies: [] }))).toBeUndefined();
  });
});

const config = configKey({ slots: { cdc: { type: 'logical', database: 'app', plugin: 'pgoutput' }, wh: {} } });

test('the leader tells what its slots keep, where there are permanent logical ones', () => {
  const physical = { name: 'b', kind: 'physical', active: true, restartLsn: at(900), catalogXmin: 705 } as const;
  const other = { ...copy('not_ours', 600) };
  const cluster = view({ leader: leaderKey('a'), config });
  const slots = [copy('cdc', 700), physical, other];
  const { plan } = decide(observation({ postgres: primary({ slots }), lease: held(), cluster }), memory());
  expect(plan.publish?.kornak?.catalogXmins).toEqual({ cdc: 700, b: 705 });
  const bare = observation({ postgres: primary({ slots }), lease: held(), cluster: view({ leader: leaderKey('a') }) });
  expect(decide(bare, memory()).plan.publish?.kornak).not.toHaveProperty('catalogXmins');
});

test('it survives the store, and nonsense there does not', () => {
  const kornak = { protocol: 1, can: [], catalogXmins: { cdc: 700 } };
  expect(decodeMember(encodeMember(memberData({ kornak }))).value.kornak).toEqual(kornak);
  const odd = JSON.stringify({ kornak: { protocol: 1, can: [], catalog_xmin: { cdc: '7', b: -1, c: 3 } } });
  expect(decodeMember(odd).value.kornak?.catalogXmins).toEqual({ c: 3 });
});

/** A standby that has seen the leader tell this, and then was promoted: what it says then. */
function saidAtPromotion(told: Readonly<Record<string, number>>, more: Partial<Memory> = {}): readonly string[] {
  const kornak = { protocol: 1, can: ['pledge', 'guard'], catalogXmins: told };
  const leading = member('b', { role: 'primary', kornak });
  const cluster = view({ leader: leaderKey('b'), members: [member('a'), leading, member('c')], config });
  const slots = [copy('cdc', 710)];
  const first = decide(observation({ postgres: standby({ slots }), cluster }), memory(more));
  // Nobody leads: what was seen stays.
  const vacant = view({ ...cluster, leader: undefined });
  const second = decide(observation({ postgres: standby({ slots }), cluster: vacant }), first.memory);
  const ended: FinishedJob = {
    job: { kind: 'promote', reign: 30, aboveTimeline: 1, settings: SETTINGS },
    startedMs: NOW_MS - 200,
    endedMs: NOW_MS - 100,
    outcome: { kind: 'done', facts: {} },
  };
  const mine = view({ ...cluster, leader: leaderKey('a', 30) });
  const third = decide(observation({ postgres: primary({ slots }), cluster: mine, ended }), second.memory);
  return third.events.filter(({ kind }) => kind === 'slots.unready').map(({ text }) => text);
}

test('a promotion names the slots that may not be decoded from, and says nothing of those that may', () => {
  expect(saidAtPromotion({ cdc: 690 })).toEqual([expect.stringContaining('need: cdc;')]);
  expect(saidAtPromotion({ a: 700, cdc: 690 })).toEqual([]);
});

test('of a chain the leader hears through whoever streams from it', () => {
  const kornak = { protocol: 1, can: [], catalogXmins: { c: 700, cdc: 690 } };
  const members = [
    member('a', { tags: { replicatefrom: 'c' } }),
    member('b', { role: 'primary', kornak }),
    member('c'),
  ];
  const cluster = view({ leader: leaderKey('b'), members, config });
  const obs = observation({ postgres: standby({ slots: [copy('cdc', 710)] }), cluster });
  const tagged = { ...obs, self: { ...obs.self, tags: { replicatefrom: 'c' } } };
  expect(decide(tagged, memory()).memory.slots.readiness?.ready).toEqual(['cdc']);
  expect(decide(obs, memory()).memory.slots.readiness?.unready).toEqual(['cdc']);
});
