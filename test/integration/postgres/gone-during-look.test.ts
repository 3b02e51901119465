import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unknown } from '../../../src/core/model/seen.ts';
import { findBinaries } from '../../../src/postgres/binaries.ts';
import { deadlineIn } from '../../../src/postgres/deadline.ts';
import { LocalServer } from '../../../src/postgres/local-server.ts';
import { isAlive } from '../../../src/postgres/process-table.ts';
import { PostgresBench, type PostgresMember } from '../../support/postgres-member.ts';
import { eventually, realClock } from '../../support/real-clock.ts';

const bench = new PostgresBench();
let a: PostgresMember;

beforeAll(async () => {
  a = await bench.primary('a');
});
afterAll(() => bench.close());

/** PostgreSQL's programs, of which pg_controldata does not begin before `gate` is there. */
async function gatedPrograms(gate: string): Promise<string> {
  const found = await findBinaries(undefined, deadlineIn(realClock, 5_000));
  if (found.kind === 'missing') throw new Error(found.why);
  const from = found.binaries.dir;
  const dir = bench.directory('programs');
  for (const name of readdirSync(from).filter((each) => each !== 'pg_controldata'))
    symlinkSync(join(from, name), join(dir, name));
  const script = `#!/bin/sh\nwhile [ ! -e '${gate}' ]; do sleep 0.02; done\nexec '${from}/pg_controldata' "$@"\n`;
  writeFileSync(join(dir, 'pg_controldata'), script, { mode: 0o755 });
  return dir;
}

test('what a server said that goes during the look is not told as its answer', async () => {
  const { postmaster } = await a.observe();
  if (postmaster === undefined) throw new Error('PostgreSQL does not run');
  a.server.close();
  const gate = join(bench.directory('gate'), 'open');
  const server = new LocalServer({ ...a.options, binDir: await gatedPrograms(gate) });
  try {
    const looking = server.observe(20_000);
    const answered = `SELECT count(*)::int AS answered FROM pg_stat_activity
      WHERE application_name = 'Kornak heartbeat' AND state = 'idle' AND now() - state_change > '0.3 s'`;
    await eventually('it has answered', async () => (await a.sql(answered))[0]?.['answered'] === 1);
    process.kill(postmaster.pid, 'SIGKILL');
    await eventually('it is gone', () => !isAlive(postmaster));
    writeFileSync(gate, '');
    const look = await looking;
    expect(look.data.kind).toBe('cluster');
    expect(look.postmaster).toBeUndefined();
    expect(look.sql).toEqual(unknown('PostgreSQL does not run'));
  } finally {
    server.close();
  }
});
