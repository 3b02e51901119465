import { expect, test } from 'vitest';
import { lsnToText } from '../../../src/core/model/lsn.ts';
import { controlDataFromText } from '../../../src/postgres/control-data.ts';

const TEXT = `pg_control version number:            1300
Database system identifier:           7711573923518574256
Database cluster state:               in archive recovery
pg_control last modified:             Tue 24 Nov 2026 03:25:23 AM UTC
Latest checkpoint location:           0/4000148
Latest checkpoint's REDO location:    0/4000110
Latest checkpoint's TimeLineID:       6
Minimum recovery ending location:     0/4000268
Min recovery ending loc's timeline:   6
wal_log_hints setting:                off
max_connections setting:              100
max_worker_processes setting:         8
max_wal_senders setting:              10
max_prepared_xacts setting:           0
max_locks_per_xact setting:           64
Data page checksum version:           0
`;

test('what pg_controldata says', () => {
  const file = controlDataFromText(TEXT);
  expect(file?.control).toMatchObject({
    state: 'in archive recovery',
    systemId: '7711573923518574256',
    checkpointTimeline: 6,
  });
  expect(file === undefined ? '' : lsnToText(file.control.minRecoveryEndLsn)).toBe('0/4000268');
  expect(file?.standbyMinimums.get('max_prepared_transactions')).toBe(0);
  expect(file?.standbyMinimums.get('max_connections')).toBe(100);
});

test.each([
  ['neither', TEXT, false],
  ['checksums', TEXT.replace('checksum version:           0', 'checksum version:           1'), true],
  [
    'hints',
    TEXT.replace('wal_log_hints setting:                off', 'Current wal_log_hints setting:        on'),
    true,
  ],
])('may be rewound with %s', (_, text, expected) =>
  expect(controlDataFromText(text)?.control.rewindable).toBe(expected),
);

test('a state that is not known is no answer', () => {
  expect(controlDataFromText(TEXT.replace('in archive recovery', 'in a hurry'))).toBeUndefined();
});
