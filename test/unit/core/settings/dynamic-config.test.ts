import { describe, expect, test } from 'vitest';
import { decodeDynamicConfig, type DynamicConfig } from '../../../../src/core/settings/dynamic-config.ts';
import { effectiveConfig } from '../../../../src/core/settings/effective-config.ts';

const DEFAULTS = decodeDynamicConfig({}).config;

describe('an empty document gives the defaults', () => {
  test('all of them', () => {
    expect(DEFAULTS).toEqual({
      ttlMs: 30_000,
      loopWaitMs: 10_000,
      retryTimeoutMs: 10_000,
      maximumLagOnFailoverBytes: 1_048_576,
      primaryStartTimeoutMs: 300_000,
      primaryStopTimeoutMs: 0,
      primaryRaceBackoffMs: 0,
      paused: false,
      failsafeMode: false,
      checkTimeline: false,
      maxTimelinesHistory: 0,
      synchronousMode: 'off',
      synchronousModeStrict: false,
      synchronousNodeCount: 1,
      maximumLagOnSyncnodeBytes: -1,
      usePgRewind: false,
      useSlots: true,
      removeDataDirectoryOnRewindFailure: false,
      removeDataDirectoryOnDivergedTimelines: false,
      parameters: {},
      pgHba: undefined,
      pgIdent: undefined,
      leaderTtlMs: 6000,
      divergence: 'keep',
      healthTimeoutMs: 5000,
      failoverOnCrash: true,
      memberSlotsTtlMs: 1_800_000,
      permanentSlots: {},
      ignoreSlots: [],
      raw: {},
    });
    expect(decodeDynamicConfig({})).toMatchObject({ warnings: [], rejected: false });
  });
});

const VALUES: readonly (readonly [string, unknown, Partial<DynamicConfig>])[] = [
  ['seconds as text', { ttl: '40' }, { ttlMs: 40_000 }],
  ['a fraction is cut off', { ttl: 40.9 }, { ttlMs: 40_000 }],
  ['the older name of a timeout', { master_start_timeout: 5 }, { primaryStartTimeoutMs: 5000 }],
  ['the newer name goes first', { master_stop_timeout: 5, primary_stop_timeout: 6 }, { primaryStopTimeoutMs: 6000 }],
  ['a crashed primary is not waited for', { primary_start_timeout: 0 }, { primaryStartTimeoutMs: 0 }],
  ['synchronous_mode by a word', { synchronous_mode: 'On' }, { synchronousMode: 'on' }],
  ['synchronous_mode quorum in any capitals', { synchronous_mode: 'Quorum' }, { synchronousMode: 'quorum' }],
  ['synchronous_mode off', { synchronous_mode: false }, { synchronousMode: 'off' }],
  ['pause', { pause: true }, { paused: true }],
  ['maximum_lag_on_syncnode', { maximum_lag_on_syncnode: 4096 }, { maximumLagOnSyncnodeBytes: 4096 }],
  ['slots off', { postgresql: { use_slots: 'off' } }, { useSlots: false }],
  ['lines of pg_hba', { postgresql: { pg_hba: ['local all all trust'] } }, { pgHba: ['local all all trust'] }],
  ['leader_ttl with a unit', { failsafe_mode: true, kornak: { leader_ttl: '2500ms' } }, { leaderTtlMs: 2500 }],
  ['leader_ttl in seconds', { failsafe_mode: true, kornak: { leader_ttl: 3 } }, { leaderTtlMs: 3000 }],
  ['a leader_ttl as long as ttl', { ttl: 40, kornak: { leader_ttl: 40 } }, { leaderTtlMs: 40_000 }],
];

test.each(VALUES)('%s', (_, document, expected) => {
  const decoded = decodeDynamicConfig(document);
  expect(decoded.config).toMatchObject(expected);
  expect(decoded.warnings).toEqual([]);
});

const REPLACED: readonly (readonly [string, unknown, Partial<DynamicConfig>])[] = [
  ['a size with a unit', { maximum_lag_on_failover: '1MB' }, { maximumLagOnFailoverBytes: 1_048_576 }],
  ['a negative size', { maximum_lag_on_failover: -1 }, { maximumLagOnFailoverBytes: 1_048_576 }],
  ['an unknown synchronous mode', { synchronous_mode: 'maybe' }, { synchronousMode: 'off' }],
  ['half a synchronous standby', { synchronous_node_count: 'few' }, { synchronousNodeCount: 1 }],
  ['a lag below the least', { maximum_lag_on_syncnode: -2 }, { maximumLagOnSyncnodeBytes: -1 }],
  ['an empty pg_hba', { postgresql: { pg_hba: [] } }, { pgHba: undefined }],
  ['a time beyond all timers', { primary_start_timeout: 1e12 }, { primaryStartTimeoutMs: 2_000_000_000 }],
  ['a section that is a list', { postgresql: [] }, { useSlots: true }],
];

test.each(REPLACED)('%s: replaced, with a warning', (_, document, expected) => {
  const decoded = decodeDynamicConfig(document);
  expect(decoded.config).toMatchObject(expected);
  expect(decoded.warnings).toHaveLength(1);
  expect(decoded.rejected).toBe(false);
});

const REJECTED: readonly (readonly [string, unknown])[] = [
  ['no synchronous standby at all', { synchronous_node_count: 0 }],
  ['a negative count of synchronous standbys', { synchronous_node_count: '-1' }],
  ['a ttl that is no number', { ttl: 'abc' }],
  ['a ttl of null', { ttl: null }],
  ['a leader_ttl below the floor', { kornak: { leader_ttl: 1 } }],
  ['a leader_ttl that is no duration', { kornak: { leader_ttl: 'soon' } }],
  ['a leader_ttl far above ttl', { ttl: 20, kornak: { leader_ttl: 31 } }],
  ['a leader_ttl far above the ttl that is used', { ttl: 1, kornak: { leader_ttl: 31 } }],
  ['parameters that are no map', { postgresql: { parameters: ['a'] } }],
  ['a list', []],
  ['nothing', null],
];

test.each(REJECTED)('%s: the configuration in force stays', (_, document) => {
  expect(decodeDynamicConfig(document).rejected).toBe(true);
});

test('a leader_ttl that an election of etcd can outlast is used, and warned of', () => {
  const { config, warnings, rejected } = decodeDynamicConfig({ kornak: { leader_ttl: '5s' } });
  expect({ ttlMs: config.leaderTtlMs, rejected }).toEqual({ ttlMs: 5_000, rejected: false });
  expect(warnings).toEqual([
    'kornak.leader_ttl: 5s: an election of etcd (up to 2.9 s) can outlast it and end the lead: set failsafe_mode, or 6 s',
  ]);
});

test('a leader_ttl above ttl, as a watchdog may need it, is used, and warned of', () => {
  const { config, warnings, rejected } = decodeDynamicConfig({ kornak: { leader_ttl: 38 } });
  expect({ ttlMs: config.leaderTtlMs, rejected }).toEqual({ ttlMs: 38_000, rejected: false });
  expect(warnings).toEqual([
    'kornak.leader_ttl: 38: is longer than ttl, which is 30 s: the cluster waits as long for a dead leader',
  ]);
});

/** ttl, loop_wait and retry_timeout as given and as used, in seconds. */
const TIMINGS: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ['the defaults fit', [30, 10, 10], [30, 10, 10]],
  ['loop_wait gives way', [20, 11, 5], [20, 10, 5]],
  ['retry_timeout gives way too', [20, 10, 10], [20, 1, 9]],
  ['each is raised to its least first', [10, 0, 50], [20, 1, 9]],
];

test.each(TIMINGS)('timings: %s', (_, [ttl, loopWait, retryTimeout], used) => {
  const { config } = decodeDynamicConfig({ ttl, loop_wait: loopWait, retry_timeout: retryTimeout });
  expect([config.ttlMs, config.loopWaitMs, config.retryTimeoutMs]).toEqual(used.map((seconds) => seconds * 1000));
});

describe('the local file over the shared configuration', () => {
  const nothing = {
    usePgRewind: undefined,
    pgHba: undefined,
    pgIdent: undefined,
    removeDataDirectoryOnRewindFailure: undefined,
    removeDataDirectoryOnDivergedTimelines: undefined,
    leaderTtlMs: undefined,
    healthTimeoutMs: undefined,
  };

  test('a local pg_hba replaces the shared one whole', () => {
    const { config } = decodeDynamicConfig({ postgresql: { pg_hba: ['b'] } });
    expect(effectiveConfig(config, { ...nothing, pgHba: ['a'] }).pgHba).toEqual(['a']);
  });

  test('a leader_ttl of the file is not longer than what fits the ttl that the cluster has by now', () => {
    const { config } = decodeDynamicConfig({ ttl: 20 });
    expect(effectiveConfig(config, { ...nothing, leaderTtlMs: 35_000 }).leaderTtlMs).toBe(30_000);
    expect(effectiveConfig(config, { ...nothing, leaderTtlMs: 4_000 }).leaderTtlMs).toBe(4_000);
  });

  test('what the file does not say is as the cluster has it', () => {
    const { config } = decodeDynamicConfig({ postgresql: { pg_hba: ['b'], use_pg_rewind: true } });
    expect(effectiveConfig(config, nothing)).toEqual(config);
  });

  test('the file can switch off what the cluster has on', () => {
    const { config } = decodeDynamicConfig({ postgresql: { use_pg_rewind: true } });
    expect(effectiveConfig(config, { ...nothing, usePgRewind: false }).usePgRewind).toBe(false);
  });
});
