import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compactJson, contentEquals, spacedJson } from '../../src/core/layout/compact-json.ts';
import { decodeCluster } from '../../src/core/layout/decode-cluster.ts';
import { decodeFailover, encodeFailover } from '../../src/core/layout/failover-key.ts';
import { decodeHistory, encodeHistory } from '../../src/core/layout/history-key.ts';
import { keysFor } from '../../src/core/layout/keys.ts';
import { decodeMember, encodeMember } from '../../src/core/layout/member-key.ts';
import { decodePledge, encodePledge } from '../../src/core/layout/own-keys.ts';
import { slotNameOf } from '../../src/core/layout/slot-name.ts';
import { decodeStatus, encodeStatus } from '../../src/core/layout/status-key.ts';
import { decodeSync, encodeSync } from '../../src/core/layout/sync-key.ts';
import { lsn } from '../../src/core/model/lsn.ts';

const KEYS = keysFor('service', 'batman');
const NAMES = [
  'initialize',
  'config',
  'leader',
  'members/a',
  'members/b',
  'sync',
  'failover',
  'history',
  'status',
  'optime/leader',
  'failsafe',
  'kornak/reign',
  'kornak/last',
  'kornak/pledge/a',
  'kornak/bootstrap',
  'kornak/events',
];

const count = fc.nat();
/** Beyond, a number would leave none for those who come after. */
const timeline = fc.integer({ min: 0, max: 0x3fff_ffff });
const position = fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) }).map((value) => lsn(value));
const name = fc.string({ minLength: 1 }).filter((text) => !/[,\s]/.test(text));
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.string(),
  fc.constantFrom('{}', '[]', 'null', '{"__proto__":{"a":1}}', '{"leader":"a","sync_standby":"b"}'),
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

test('whatever stands in the store, it is read without an exception, and only what is there counts', () => {
  const stored = fc.uniqueArray(fc.record({ name: fc.constantFrom(...NAMES), value: text, modRevision: count }), {
    selector: (one) => one.name,
  });
  fc.assert(
    fc.property(stored, (values) => {
      const keyValues = values.map((one) => ({
        key: KEYS.prefix + one.name,
        value: one.value,
        modRevision: one.modRevision,
        leaseId: undefined,
      }));
      const view = decodeCluster(keyValues, 1, KEYS);
      const told = new Set(view.nonsense.map(({ key }) => key));
      expect(keyValues.filter(({ key }) => told.has(key))).toHaveLength(told.size);
      expect(view.leader === undefined).toBe(!keyValues.some(({ key }) => key === KEYS.leader));
      expect(decodeCluster(keyValues.toReversed(), 1, KEYS)).toEqual(view);
    }),
    { numRuns: 500 },
  );
});

test('values come back as they were written', () => {
  const sync = fc.record({ leader: name, voters: fc.uniqueArray(name), quorum: count });
  const entry = fc.record({
    timeline,
    lsn: position,
    reason: fc.string(),
    at: fc.string(),
    newLeader: fc.string(),
  });
  fc.assert(
    fc.property(sync, fc.array(entry), position, fc.dictionary(name, position), (state, history, at, slots) => {
      expect(decodeSync(encodeSync(state)).value).toEqual({ ...state, voters: state.voters.toSorted() });
      expect(decodeHistory(encodeHistory(history)).value).toEqual(history);
      expect(decodeStatus(encodeStatus(at, { slots, retainSlots: [] })).value).toEqual({
        optime: at,
        slots: { ...slots },
        retainSlots: [],
      });
      expect(decodePledge(encodePledge(3, { timeline: 4, lsn: at })).value).toEqual({
        reign: 3,
        position: { timeline: 4, lsn: at },
      });
    }),
  );
});

test('member data and requests come back as they were written', () => {
  const data = fc.record(
    {
      connUrl: optional(name),
      apiUrl: optional(name),
      state: name,
      role: name.filter((role) => role !== 'master'),
      version: optional(name),
      xlogLocation: position,
      timeline,
      replicationState: name,
      pause: fc.constant(true as const),
      checkpointAfterPromote: fc.constant(false as const),
    },
    { requiredKeys: ['connUrl', 'apiUrl', 'state', 'role', 'version'] },
  );
  const request = fc.record({ leader: name, candidate: name, scheduledAt: name }, { requiredKeys: ['leader'] });
  fc.assert(
    fc.property(data, request, (member, wanted) => {
      expect(decodeMember(encodeMember(member)).value).toEqual({ ...member });
      expect(decodeFailover(encodeFailover(wanted)).value).toEqual({ ...wanted });
    }),
  );
});

test('both ways of writing JSON say the same, in ASCII', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const written = compactJson(value);
      expect(contentEquals(written, spacedJson(value))).toBe(true);
      expect(contentEquals(written, JSON.stringify(value))).toBe(true);
      expect(written).toMatch(/^[\u0020-\u007e]*$/);
    }),
  );
});

test('a slot name is one that PostgreSQL takes, and its own slot name', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), (member) => {
      const slot = slotNameOf(member);
      expect(slot).toMatch(/^[a-z0-9_]{1,63}$/);
      expect(slotNameOf(slot)).toBe(slot);
    }),
  );
});
