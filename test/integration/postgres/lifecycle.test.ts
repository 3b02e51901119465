import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { eventually } from '../../support/real-clock.ts';

describe('one server, then a copy of it', () => {
  const bench = new PostgresBench();
  let a: PostgresMember;
  let b: PostgresMember;

  beforeAll(async () => {
    a = await bench.member('a');
    b = await bench.member('b');
  });
  afterAll(() => bench.close());

  test('an empty directory is told as such', async () => {
    const seen = await a.observe();
    expect(seen.data).toEqual({ kind: 'empty' });
    expect(seen.postmaster).toBeUndefined();
    expect(seen.sql.kind).toBe('unknown');
  });

  test('bootstrap leaves a cluster that is shut down', async () => {
    await a.done({ kind: 'bootstrap', settings: SETTINGS });
    const { data } = await a.observe();
    expect(data).toMatchObject({
      kind: 'cluster',
      standbySignal: false,
      control: { state: 'shut down', rewindable: true },
    });
  });

  test('it starts as a primary whose roles have SCRAM passwords', async () => {
    await a.done({ kind: 'startPrimary', settings: SETTINGS });
    expect(await a.primaryStatus()).toMatchObject({ kind: 'primary', timeline: 1, senders: [], slots: [] });
    const roles = await a.sql(
      `SELECT rolname, rolsuper, rolreplication, left(rolpassword, 5) AS method FROM pg_authid WHERE rolpassword IS NOT NULL ORDER BY 1`,
    );
    expect(roles).toEqual([
      { rolname: 'postgres', rolsuper: true, rolreplication: true, method: 'SCRAM' },
      { rolname: 'replicator', rolsuper: false, rolreplication: true, method: 'SCRAM' },
      { rolname: 'rewinder', rolsuper: false, rolreplication: false, method: 'SCRAM' },
    ]);
  });

  test('a copy streams through its own slot', async () => {
    expect(await a.server.createSlot('b', 3_000)).toEqual({ kind: 'done', facts: {} });
    expect(await a.server.createSlot('b', 3_000)).toEqual({ kind: 'done', facts: {} });
    const progress: string[] = [];
    await b.done(
      { kind: 'clone', from: a.asTarget('b'), settings: SETTINGS },
      { onProgress: ({ text }) => progress.push(text) },
    );
    expect(progress).toContain('copying from a');
    expect((await b.observe()).data).toMatchObject({ kind: 'cluster', standbySignal: true });
    await b.done({ kind: 'startStandby', follow: a.asTarget('b'), settings: SETTINGS });
    await b.streams();
    const status = await b.standbyStatus();
    expect(status).toMatchObject({ timeline: 1, receiverRuns: true, replayedAll: true, replayPaused: false });
    expect(status.upstream).toEqual({ host: '127.0.0.1', port: a.options.port });
    expect(status.receiver).toMatchObject({ slot: 'b', timeline: 1 });
    const primary = await a.primaryStatus();
    expect(primary.senders).toMatchObject([{ name: 'b', user: 'replicator', slot: 'b', state: 'streaming' }]);
    expect(primary.slots).toMatchObject([{ name: 'b', kind: 'physical', active: true }]);
  });

  test('an agent started again adopts the server and sees its end', async () => {
    b.restartAgent();
    expect((await b.observe()).postmaster).toBeDefined();
    b.changes.length = 0;
    await b.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
    await eventually('the end is told', () => b.changes.includes('the postmaster ended'));
    expect((await b.observe()).data).toMatchObject({ kind: 'cluster', control: { state: 'shut down in recovery' } });
  });

  test('a clean stop tells where the WAL ends', async () => {
    const facts = await a.done({ kind: 'stop', mode: 'fast', checkpointFirst: true, why: 'test' });
    const { data } = await a.observe();
    expect(data).toMatchObject({ kind: 'cluster', control: { state: 'shut down', checkpointLsn: facts.shutdownLsn } });
  });
});
