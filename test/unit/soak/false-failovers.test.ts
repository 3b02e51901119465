import { expect, test } from 'vitest';
import { failsafeCount, incidentsOf, signsIn } from '../../../soak/calm/false-failovers.ts';

const LOG = [
  '2026-11-26 10:00:00,100 INFO: a takes the leader key of the new cluster event=leader.acquired rule=B54',
  '2026-11-26 10:01:00,100 INFO: the store does not answer event=failsafe.began rule=G10 reign=7',
  '2026-11-26 10:01:05,000 INFO: a creates its leader key again after the store was away event=leader.acquired rule=G30 reign=7',
  'no line of an agent',
  '2026-11-26 10:05:00,000 ERROR: PostgreSQL killed: the lease is over event=postgres.fenced rule=F20 reign=9',
  '2026-11-26 10:05:02,500 INFO: b goes for the leader key: most advanced event=leader.acquired rule=R60 timeline=2',
  '2026-11-26 10:05:03,000 INFO: b is primary event=postgres.promoted rule=R70',
].join('\n');
const SINCE_MS = Date.parse('2026-11-26T10:00:30.000');

test('what came before the soak says nothing', () => {
  expect(signsIn('a', LOG, SINCE_MS).map(({ text }) => text.split(' ')[0])).toEqual([
    'leader.acquired',
    'postgres.fenced',
    'leader.acquired',
    'postgres.promoted',
  ]);
});

test('a key that its holder takes again is no failover; a fence and what follows it is one', () => {
  const incidents = incidentsOf(signsIn('a', LOG, SINCE_MS));
  expect(incidents.map(({ isFailover, signs }) => [isFailover, signs.length])).toEqual([
    [false, 1],
    [true, 3],
  ]);
});

test('signs of several members are put in the order of time', () => {
  const lines = LOG.split('\n');
  const [early, late] = [lines.slice(4, 5).join(''), lines.slice(6).join('')];
  const signs = [...signsIn('b', late, SINCE_MS), ...signsIn('a', early, SINCE_MS)];
  expect(incidentsOf(signs)[0]?.signs.map(({ member }) => member)).toEqual(['a', 'b']);
});

test('times at which members carried the leader are counted', () => {
  expect(failsafeCount('a', LOG, SINCE_MS)).toBe(1);
});
