import { describe, expect, test } from 'vitest';
import { decodeDynamicConfig, type DynamicConfig } from '../../../../src/core/settings/dynamic-config.ts';

const PHYSICAL = { kind: 'physical', clusterType: undefined } as const;
const LOGICAL = { kind: 'logical', database: 'app', plugin: 'pgoutput' } as const;

describe('settings about slots', () => {
  test.each<[string, unknown, Partial<DynamicConfig>]>([
    ['member_slots_ttl with a unit', { member_slots_ttl: '1h' }, { memberSlotsTtlMs: 3_600_000 }],
    ['member_slots_ttl in seconds', { member_slots_ttl: 90 }, { memberSlotsTtlMs: 90_000 }],
    ['member_slots_ttl off', { member_slots_ttl: 0 }, { memberSlotsTtlMs: 0 }],
    [
      'a physical slot, however little is said of it',
      { slots: { a: null, b: {}, c: 0, d: { type: 'physical' } } },
      { permanentSlots: { a: PHYSICAL, b: PHYSICAL, c: PHYSICAL, d: PHYSICAL } },
    ],
    [
      'of one kind of cluster',
      { slots: { a: { cluster_type: 'standby' } } },
      { permanentSlots: { a: { kind: 'physical', clusterType: 'standby' } } },
    ],
    [
      'a logical slot',
      { slots: { l: { type: 'logical', database: 'app', plugin: 'pgoutput' } } },
      { permanentSlots: { l: LOGICAL } },
    ],
    [
      'a logical slot without its type',
      { slots: { l: { database: 'app', plugin: 'pgoutput' } } },
      { permanentSlots: { l: LOGICAL } },
    ],
    [
      'the first of the three names that is not empty',
      { slots: { a: {} }, permanent_slots: { b: {} }, permanent_replication_slots: {} },
      { permanentSlots: { b: PHYSICAL } },
    ],
    [
      'a position that somebody wrote down is passed over',
      { slots: { a: { lsn: 5 } } },
      { permanentSlots: { a: PHYSICAL } },
    ],
    [
      'matchers',
      { ignore_slots: [{ name: 'x' }, { type: 'logical', plugin: 'p', database: 'd' }] },
      {
        ignoreSlots: [
          { name: 'x', type: undefined, database: undefined, plugin: undefined },
          { name: undefined, type: 'logical', plugin: 'p', database: 'd' },
        ],
      },
    ],
  ])('%s', (_name, document, expected) => {
    const { config, warnings } = decodeDynamicConfig(document);
    expect(config).toMatchObject(expected);
    expect(warnings).toEqual([]);
  });

  test.each<[string, unknown, RegExp]>([
    ['a name that PostgreSQL refuses', { slots: { 'My-Slot': {} } }, /slots\.My-Slot.*no name of a slot/],
    [
      'a logical slot without a database',
      { slots: { l: { type: 'logical', plugin: 'p' } } },
      /slots\.l.*needs a database/,
    ],
    ['an unknown type', { slots: { l: { type: 'magic' } } }, /slots\.l.*type physical or logical/],
    ['an unknown kind of cluster', { slots: { l: { cluster_type: 'x' } } }, /slots\.l.*cluster_type/],
    ['no map', { slots: { l: 'yes' } }, /slots\.l.*must be a map/],
    ['no map of slots', { slots: ['l'] }, /slots.*must be a map of slots/],
    ['no list of matchers', { ignore_slots: { name: 'x' } }, /ignore_slots.*must be a list/],
    ['a matcher that would match everything', { ignore_slots: [{}] }, /ignore_slots.*left out/],
    ['no duration', { member_slots_ttl: 'long' }, /member_slots_ttl.*1800 s is used/],
  ])('%s is said, and left out', (_name, document, expected) => {
    const { config, warnings, rejected } = decodeDynamicConfig(document);
    expect(warnings.join('\n')).toMatch(expected);
    expect(config).toMatchObject({ permanentSlots: {}, ignoreSlots: [], memberSlotsTtlMs: 1_800_000 });
    expect(rejected).toBe(false);
  });
});
