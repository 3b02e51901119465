import { expect, test } from 'vitest';
import { chainOf, wallOffsetMs } from '../../../bench/failover/chain.ts';

const STRUCK_MS = 5_000;
const wallAt = (afterMs: number): number => Math.round(STRUCK_MS + wallOffsetMs() + afterMs);
const stamp = (afterMs: number): string =>
  new Date(wallAt(afterMs)).toISOString().replace('T', ' ').replace('Z', ' UTC');

const LOG = [
  `${stamp(-60_000)} [7] LOG:  database system is ready to accept connections`,
  `${stamp(700)} [7] LOG:  received promote request`,
  'INFO: a line of somebody else',
  `${stamp(760)} [9] LOG:  database system is ready to accept connections`,
].join('\n');

test('a chain is made of what etcd, PostgreSQL, the agents and the client told', () => {
  const chain = chainOf({
    struckMs: STRUCK_MS,
    oldLeader: 'a',
    newLeader: 'b',
    firstAckMs: 790.4,
    key: [
      { atMs: STRUCK_MS + 500, holder: undefined, revision: 8 },
      { atMs: STRUCK_MS + 600, holder: 'b', revision: 9 },
    ],
    serverLog: LOG,
    events: [
      { kind: 'leader.suspected', member: 'b', wallAt: '', wallMs: wallAt(300), rule: 'Q', text: '', evidence: {} },
    ],
  });
  expect(Object.keys(chain)).toEqual(['noticed', 'key gone', 'key taken', 'promote sent', 'writable', 'first ack']);
  expect(chain).toMatchObject({ 'key gone': 500, 'key taken': 600, 'first ack': 790 });
  // Two readings of a clock lie between.
  for (const [name, ms] of [
    ['noticed', 300],
    ['promote sent', 700],
    ['writable', 760],
  ] as const)
    expect(Math.abs((chain[name] ?? Number.NaN) - ms)).toBeLessThanOrEqual(5);
});

test('where the leader stays, its server alone tells', () => {
  const chain = chainOf({
    struckMs: STRUCK_MS,
    oldLeader: 'a',
    newLeader: undefined,
    firstAckMs: 800,
    key: [],
    serverLog: LOG,
    events: [],
  });
  expect(Object.keys(chain)).toEqual(['writable', 'first ack']);
});
