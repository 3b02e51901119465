import { expect, test } from 'vitest';
import { decodeDynamicConfig } from '../../../../src/core/settings/dynamic-config.ts';

const read = (section: unknown, more: Record<string, unknown> = {}) =>
  decodeDynamicConfig({ standby_cluster: section, ...more });

const PLAIN = {
  host: 'far',
  port: 5432,
  primarySlotName: undefined,
  restoreCommand: undefined,
  archiveCleanupCommand: undefined,
  recoveryMinApplyDelay: undefined,
  createReplicaMethods: [],
};

test.each([
  ['a host', { host: 'far' }, PLAIN],
  ['a port, as text', { host: 'far', port: '5433' }, { ...PLAIN, port: 5433 }],
  ['a port alone', { port: 5433 }, { ...PLAIN, host: 'localhost', port: 5433 }],
  ['several hosts', { host: 'a, b' }, { ...PLAIN, host: 'a,b' }],
  ['an IPv6 address', { host: 'fe80::1' }, { ...PLAIN, host: 'fe80::1' }],
  [
    'a slot by the name of a member',
    { host: 'far', primary_slot_name: 'My-Slot' },
    { ...PLAIN, primarySlotName: 'my_slot' },
  ],
  ['an archive alone', { restore_command: 'cp %f %p' }, { ...PLAIN, host: undefined, restoreCommand: 'cp %f %p' }],
  [
    'everything',
    {
      host: 'far',
      restore_command: 'cp %f %p',
      archive_cleanup_command: 'true',
      recovery_min_apply_delay: '5min',
      create_replica_methods: ['x', 'basebackup'],
    },
    {
      ...PLAIN,
      restoreCommand: 'cp %f %p',
      archiveCleanupCommand: 'true',
      recoveryMinApplyDelay: '5min',
      createReplicaMethods: ['x', 'basebackup'],
    },
  ],
])('%s', (_, section, expected) => {
  const { config, rejected } = read(section);
  expect([config.standbyCluster, rejected]).toEqual([expected, false]);
});

test.each([[undefined], [null], [false], [{}]])('%j: a cluster of its own', (section) => {
  expect(read(section).config.standbyCluster).toBeUndefined();
  expect(read(section).problems).toEqual([]);
});

test.each([
  ['no map', 'far', 'standby_cluster: far: must name whom to follow: host, port or restore_command'],
  ['nobody to follow', { primary_slot_name: 'x' }, 'standby_cluster: must name whom to follow'],
  ['a host with a blank', { host: 'a b' }, 'standby_cluster.host: a b: must be a host name or an address'],
  ['a host that would end the line', { host: "a' user=x" }, 'standby_cluster.host'],
  ['an empty host in the list', { host: 'a,,b' }, 'standby_cluster.host: a,,b: must be a host name'],
  [
    'a port that is none',
    { host: 'a', port: 70_000 },
    'standby_cluster.port: 70000: must be a port between 1 and 65535',
  ],
  ['two lines', { restore_command: 'a\nb' }, 'standby_cluster.restore_command'],
  [
    'a delay that is no time',
    { host: 'a', recovery_min_apply_delay: 'soon' },
    'recovery_min_apply_delay: soon: must be',
  ],
  ['a delay over two lines', { host: 'a', recovery_min_apply_delay: '5\nmin' }, 'must be one line of text'],
  ['a delay of another kind', { host: 'a', recovery_min_apply_delay: '5MB' }, 'recovery_min_apply_delay: 5MB: must be'],
  ['a delay before now', { host: 'a', recovery_min_apply_delay: -5 }, 'recovery_min_apply_delay: -5: must be'],
  ['a delay beyond what PostgreSQL counts', { host: 'a', recovery_min_apply_delay: '60d' }, 'must be at most'],
  ['methods that are no list', { host: 'a', create_replica_methods: 'x' }, 'standby_cluster.create_replica_methods'],
])('refused: %s', (_, section, why) => {
  const { rejected, warnings } = read(section);
  expect([rejected, warnings[0]]).toEqual([true, expect.stringContaining(why)]);
});

test('whatever else is configured, nobody waits for standbys, and neither backoff nor timelines keep anybody from leading', () => {
  const { config } = read(
    { host: 'far' },
    { synchronous_mode: 'quorum', synchronous_mode_strict: true, primary_race_backoff: 9, check_timeline: true },
  );
  expect(config).toMatchObject({ synchronousMode: 'off', primaryRaceBackoffMs: 0, checkTimeline: false });
});
