import { describe, expect, test } from 'vitest';
import type { Slot } from '../../../../src/core/model/local-postgres.ts';
import { planSlots, slotsToCopy, type SlotInput } from '../../../../src/core/slots/plan-slots.ts';
import type { WantedSlot } from '../../../../src/core/slots/wanted-slots.ts';
import { at, physicalSlot as actual } from '../../../support/core-builders.ts';

const LOGICAL = { kind: 'logical', database: 'app', plugin: 'pgoutput' } as const;
const physical = (name: string, more: Partial<WantedSlot> = {}): WantedSlot => ({
  name,
  isExpectedActive: false,
  position: undefined,
  ...more,
  kind: 'physical',
});
const logical = (name: string): WantedSlot => ({ ...LOGICAL, name, isExpectedActive: false, position: at(800) });
const decoding = (name: string, more: Partial<Slot> = {}): Slot =>
  actual(name, { ...LOGICAL, confirmedFlushLsn: at(700), ...more });

interface Given extends Partial<Omit<SlotInput, 'wanted' | 'actual'>> {
  readonly wanted?: readonly WantedSlot[];
  readonly actual?: readonly Slot[];
}

function input({ wanted = [], actual: there = [], ...more }: Given): SlotInput {
  return {
    wanted: { slots: new Map(wanted.map((slot) => [slot.name, slot])), clashes: [] },
    actual: there,
    ignored: [],
    isPrimary: true,
    keepsAll: false,
    droppable: undefined,
    reachedLsn: at(1000),
    broken: {},
    ...more,
  };
}

function told(given: Given): readonly string[] {
  return (planSlots(input(given))?.steps ?? []).flatMap((step) => {
    if (step.kind === 'createSlot' || step.kind === 'dropSlot') return [`${step.kind} ${step.name}`];
    if (step.kind === 'advanceSlots') return Object.entries(step.to).map(([name, to]) => `advance ${name} ${to}`);
    if (step.kind !== 'tendLogicalSlots') return [step.kind];
    return step.work.map(({ name, to }) => (to === undefined ? `create ${name}` : `decode ${name} to ${to}`));
  });
}

const onStandby = { isPrimary: false } as const;

describe('what becomes of a slot', () => {
  test.each<[string, Given, readonly string[]]>([
    ['lacking: made', { wanted: [physical('b')] }, ['createSlot b']],
    ['there: nothing', { wanted: [physical('b')], actual: [actual('b')] }, []],
    ['nobody needs it: dropped', { actual: [actual('x')] }, ['dropSlot x']],
    ['nobody needs a logical one either', { actual: [decoding('x')] }, ['dropSlot x']],
    ['but somebody uses it', { actual: [actual('x', { active: true })] }, []],
    [
      'with use_slots off, only those that members left go',
      { actual: [actual('b'), actual('x')], droppable: new Set(['b']) },
      ['dropSlot b'],
    ],
    ['nothing is dropped while that is not allowed', { actual: [actual('x')], keepsAll: true }, []],
    [
      'of the wrong kind: dropped, made by the next look',
      { wanted: [physical('b')], actual: [decoding('b')] },
      ['dropSlot b'],
    ],
    [
      'its WAL is gone (known failure 4)',
      { wanted: [physical('b')], actual: [actual('b', { isLost: true })] },
      ['dropSlot b'],
    ],
    [
      'it never kept WAL, so it cannot be moved (known failure 17)',
      { wanted: [physical('b', { position: at(950) })], actual: [actual('b', { restartLsn: undefined })] },
      ['dropSlot b'],
    ],
    [
      'it holds back vacuum and nobody uses it (known failure 34)',
      { wanted: [physical('b')], actual: [actual('b', { hasXmin: true })] },
      ['dropSlot b'],
    ],
    [
      'not while nobody serves as the leader (known failure 28)',
      { wanted: [physical('b')], actual: [actual('b', { hasXmin: true })], keepsAll: true },
      [],
    ],
    [
      'not if its member is expected to come back here',
      { wanted: [physical('b', { isExpectedActive: true })], actual: [actual('b', { hasXmin: true })] },
      [],
    ],
  ])('%s', (_name, given, expected) => {
    expect(told(given)).toEqual(expected);
  });
});

describe('slots that are ignored', () => {
  const there = [decoding('x')];
  const matcher = { name: undefined, type: undefined, database: undefined, plugin: undefined };
  test.each<[string, Partial<Record<keyof typeof matcher, string>>, readonly string[]]>([
    ['by name', { name: 'x' }, []],
    ['by type', { type: 'logical' }, []],
    ['by database', { database: 'app' }, []],
    ['by plugin', { plugin: 'pgoutput' }, []],
    ['by all of them', { name: 'x', type: 'logical', database: 'app', plugin: 'pgoutput' }, []],
    ['not if one of them differs', { name: 'x', type: 'logical', database: 'app', plugin: 'wal2json' }, ['dropSlot x']],
    ['not if another is meant', { name: 'y' }, ['dropSlot x']],
  ])('%s', (_name, given, expected) => {
    expect(told({ actual: there, ignored: [{ ...matcher, ...given }] })).toEqual(expected);
  });

  test('one matcher of several suffices', () => {
    const ignored = [
      { ...matcher, name: 'y' },
      { ...matcher, type: 'logical' },
    ];
    expect(told({ actual: there, ignored })).toEqual([]);
  });
});

describe('how far a slot is moved', () => {
  const wanted = [physical('b', { position: at(950) })];
  test.each<[string, Given, readonly string[]]>([
    ['to where the leader says', { wanted, actual: [actual('b')] }, ['advance b 950']],
    ['not backwards', { wanted, actual: [actual('b', { restartLsn: at(960) })] }, []],
    [
      'not beyond what is replayed (known failure 23)',
      { wanted, actual: [actual('b')], reachedLsn: at(920) },
      ['advance b 920'],
    ],
    ['not if somebody uses it', { wanted, actual: [actual('b', { active: true })] }, []],
    [
      'not where its member connects',
      { wanted: [physical('b', { position: at(950), isExpectedActive: true })], actual: [actual('b')] },
      [],
    ],
    ['not without a position', { wanted: [physical('b')], actual: [actual('b')] }, []],
  ])('%s', (_name, given, expected) => {
    expect(told(given)).toEqual(expected);
  });
});

describe('permanent logical slots', () => {
  test.each<[string, Given, readonly string[]]>([
    ['are made on the primary', { wanted: [logical('l')] }, ['create l']],
    ['and not on a standby', { ...onStandby, wanted: [logical('l')] }, []],
    [
      'move on a standby as the leader says',
      { ...onStandby, wanted: [logical('l')], actual: [decoding('l')] },
      ['decode l to 800'],
    ],
    [
      'not beyond what is replayed (known failure 23)',
      { ...onStandby, wanted: [logical('l')], actual: [decoding('l')], reachedLsn: at(750) },
      ['decode l to 750'],
    ],
    ['not on the primary, where their clients move them', { wanted: [logical('l')], actual: [decoding('l')] }, []],
    [
      'not if they are broken',
      { ...onStandby, wanted: [logical('l')], actual: [decoding('l')], broken: { l: 'gone' } },
      [],
    ],
    [
      'defined otherwise: dropped',
      { wanted: [logical('l')], actual: [decoding('l', { plugin: 'wal2json' })] },
      ['dropSlot l'],
    ],
    [
      'of another database: dropped',
      { wanted: [logical('l')], actual: [decoding('l', { database: 'other' })] },
      ['dropSlot l'],
    ],
    [
      'lost on the primary: dropped, then made anew',
      { wanted: [logical('l')], actual: [decoding('l', { isLost: true })] },
      ['dropSlot l'],
    ],
  ])('%s', (_name, given, expected) => {
    expect(told(given)).toEqual(expected);
  });

  test('PostgreSQL 17 keeps failover slots by itself (I2)', () => {
    const failover = (more: Partial<Slot> = {}): Slot => decoding('f', { isFailover: true, ...more });
    expect(told({ actual: [failover()] })).toEqual([]);
    expect(told({ ...onStandby, actual: [failover({ isSynced: true })] })).toEqual([]);
    expect(told({ ...onStandby, wanted: [logical('f')], actual: [failover({ isSynced: true })] })).toEqual([]);
  });

  test('but one that was made here in an earlier reign is never kept in step, so it goes (I3)', () => {
    const stale = decoding('f', { isFailover: true, isSynced: false });
    expect(told({ ...onStandby, actual: [stale] })).toEqual(['dropSlot f']);
    expect(told({ ...onStandby, actual: [stale], keepsAll: true })).toEqual([]);
    expect(told({ actual: [stale] })).toEqual([]);
  });

  test('are copied where they lack or are broken, and nowhere else (known failure 38)', () => {
    const copied = (given: Given): readonly string[] =>
      slotsToCopy(input({ ...onStandby, ...given })).map(({ name }) => name);
    expect(copied({ wanted: [logical('l'), physical('b')] })).toEqual(['l']);
    expect(copied({ wanted: [logical('l')], actual: [decoding('l')] })).toEqual([]);
    expect(copied({ wanted: [logical('l')], actual: [decoding('l', { isLost: true })] })).toEqual(['l']);
    expect(copied({ wanted: [logical('l')], actual: [decoding('l')], broken: { l: 'gone' } })).toEqual(['l']);
    expect(copied({ wanted: [{ ...logical('l'), position: undefined }] })).toEqual([]);
    expect(copied({ wanted: [logical('l')], isPrimary: true })).toEqual([]);
    expect(copied({ wanted: [logical('l')], actual: [decoding('l', { isFailover: true, isLost: true })] })).toEqual([]);
  });

  test('are not copied over one that is defined otherwise: that one is dropped first (known failure 65)', () => {
    const there = [decoding('l', { plugin: 'wal2json' })];
    expect(slotsToCopy(input({ ...onStandby, wanted: [logical('l')], actual: there }))).toEqual([]);
    expect(told({ ...onStandby, wanted: [logical('l')], actual: there })).toEqual(['dropSlot l']);
  });
});
