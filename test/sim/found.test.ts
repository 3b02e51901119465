import { expect, test } from 'vitest';
import { simulate } from '../../src/sim/run.ts';

test.each([
  { seed: 10_470, found: 'a promotion waited for ever for a server that had been killed' },
  { seed: 33_065, found: 'a hand-over waited for ever to write under a key that had run out behind promises' },
  { seed: 209, found: 'promises carried a lead whose key and PostgreSQL were both gone, without end' },
  { seed: 21_023, found: 'a pause took back the mark of a PostgreSQL whose backends had outlived their postmaster' },
  {
    seed: 673,
    found: 'a primary that went while the store was silent came back waiting for whom it was yet to wait for',
  },
  {
    seed: 19,
    found:
      'stopped for a switchover, PostgreSQL came back as a primary without a guard after a spell as a standby cluster',
  },
  { seed: 140, found: 'data were given up by a record from before they were streamed to again' },
])('seed $seed: $found', async ({ seed }) => {
  expect((await simulate({ seed })).violation).toBeUndefined();
});
