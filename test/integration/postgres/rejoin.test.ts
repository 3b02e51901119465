import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job } from '../../../src/core/model/job.ts';
import { Redacted } from '../../../src/core/model/redacted.ts';
import { BreakingProxy } from '../../support/breaking-proxy.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { eventually } from '../../support/real-clock.ts';

const recording = (leader: PostgresMember): Job => ({
  kind: 'recordDivergence',
  from: leader.asTarget('a'),
  cause: 'rewind',
  reason: 'a test',
  hold: false,
  mayBeAcknowledged: true,
});

const readyIn = (member: PostgresMember): readonly string[] =>
  readdirSync(join(member.options.dataDir, 'pg_wal/archive_status'))
    .filter((name) => name.endsWith('.ready'))
    .map((name) => name.slice(0, -'.ready'.length));

describe('a former primary comes back', () => {
  const bench = new PostgresBench();
  let a: PostgresMember;
  let b: PostgresMember;
  let archive: string;

  beforeAll(async () => {
    archive = join(bench.dir, 'archive');
    mkdirSync(archive);
    if (bench.account !== undefined) chownSync(archive, bench.account.uid, bench.account.gid);
    const archive_command = `test -e ${archive}/open && cp %p ${archive}/%f`;
    const archiving = { archive_mode: 'on', archive_command };
    a = await bench.primary('a', { ...SETTINGS, parameters: { ...SETTINGS.parameters, ...archiving } });
    b = await bench.standby('b', a);
    await a.sql('CREATE TABLE kept (n int)', 'INSERT INTO kept VALUES (1)');
    await eventually('b has it', () =>
      b.sql('SELECT * FROM kept').then(
        ({ length }) => length === 1,
        () => false,
      ),
    );
    await b.done({ kind: 'cutOff', settings: SETTINGS });
    await a.sql('INSERT INTO kept VALUES (666)', 'SELECT pg_switch_wal()');
    await b.done({ kind: 'promote', reign: 2, aboveTimeline: 1, settings: SETTINGS });
    await b.sql('INSERT INTO kept VALUES (2)');
    await b.done({ kind: 'checkpoint' });
    await a.server.kill(2_000);
    await b.server.createSlot('a', 2_000);
  });
  afterAll(() => bench.close());

  test('a rewind needs a clean shutdown, and says so without harm', async () => {
    const unrecorded = await a.failure({ kind: 'rewind', from: b.asTarget('a'), settings: SETTINGS, record: 'none' });
    expect(unrecorded).toContain('nothing is rewound before it is');
    const { recorded } = await a.done(recording(b));
    const record = recorded?.id ?? '';
    const why = await a.failure({ kind: 'rewind', from: b.asTarget('a'), settings: SETTINGS, record });
    expect(why).toContain('must be shut down cleanly');
    expect((await a.observe()).data.kind).toBe('cluster');
  });

  test('WAL that a crashed primary had not archived yet is archived before it is rewound (known failure 60)', async () => {
    const [first = ''] = readyIn(a);
    expect(first).toMatch(/^[0-9A-F]{24}$/);
    expect(readdirSync(archive)).toEqual([]);
    writeFileSync(join(archive, 'open'), '');
    await a.done({ kind: 'recoverCrash' });
    expect(readdirSync(archive)).toContain(first);
    expect(readyIn(a)).not.toContain(first);
    expect((await a.observe()).data).toMatchObject({ kind: 'cluster', control: { state: 'shut down' } });
  });

  test('started on its own WAL it holds its own timeline, though it has learnt of the newer one', async () => {
    const wal = join(a.options.dataDir, 'pg_wal');
    await a.done({ kind: 'startStandby', follow: b.asTarget('a'), settings: SETTINGS });
    await eventually('it has the history of timeline 2', () => existsSync(join(wal, '00000002.history')));
    const [own, other] = [await a.standbyStatus(), await b.primaryStatus()];
    expect([own.timeline, other.timeline]).toEqual([1, 2]);
    await a.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
  });

  test('it is rewound, what is thrown away being recorded first', async () => {
    const { recorded } = await a.done(recording(b));
    expect(recorded).toMatchObject({ verdict: 'diverged', isHeld: false });
    const again = await a.done(recording(b));
    expect(again.recorded).toEqual(recorded);
    const record = (await a.server.divergences()).find(({ id }) => id === recorded?.id);
    expect(record).toMatchObject({
      member: 'a',
      leader: { member: 'b', timeline: 2 },
      timeline: 1,
      fork: { timeline: 1 },
      verdict: 'diverged',
      transactions: { committed: 1 },
      mayBeAcknowledged: true,
    });
    expect(record?.relations).toContainEqual({ name: 'postgres: public.kept', records: 1 });
    expect(record?.kept?.files).toContain('000000010000000000000003');
    expect(existsSync(join(record?.kept?.directory ?? '', '000000010000000000000003'))).toBe(true);
    await a.done({ kind: 'rewind', from: b.asTarget('a'), settings: SETTINGS, record: recorded?.id ?? '' });
    await a.done({ kind: 'startStandby', follow: b.asTarget('a'), settings: SETTINGS });
    await a.streams();
    await eventually('it has what the new primary has', async () => {
      const rows = await a.sql('SELECT n FROM kept ORDER BY n');
      return JSON.stringify(rows) === '[{"n":1},{"n":2}]';
    });
    expect(await a.standbyStatus()).toMatchObject({ timeline: 2, replayedAll: true });
  });

  test('a rewind whose source is lost midway is never started, and is set aside whole (known failure 64)', async () => {
    await a.done({ kind: 'cutOff', settings: SETTINGS });
    await a.done({ kind: 'promote', reign: 3, aboveTimeline: 2, settings: SETTINGS });
    await a.sql('INSERT INTO kept VALUES (667)');
    await a.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
    const { recorded } = await a.done(recording(b));
    const breaking = await BreakingProxy.to(b.options.port, 1_500_000);
    const from = { ...b.asTarget('a'), upstream: { host: '127.0.0.1', port: breaking.port } };
    const rewinding: Job = { kind: 'rewind', from, settings: SETTINGS, record: recorded?.id ?? '' };
    const why = await a.failure(rewinding);
    breaking.close();
    expect(why).toContain('pg_rewind to b');
    expect(breaking.isBroken).toBe(true);
    a.restartAgent();
    expect((await a.observe()).data).toEqual({ kind: 'unfinished', work: 'rewind' });
    expect(await a.failure({ kind: 'startPrimary', settings: SETTINGS })).toContain('interrupted rewind');
    await a.done({ kind: 'setAside', work: 'rewind' });
    expect((await a.observe()).data).toEqual({ kind: 'empty' });
    const aside = readdirSync(join(a.options.dataDir, '..')).filter((name) => name.startsWith('data.rewind-'));
    expect(aside).toHaveLength(1);
  });

  test('a clone with a wrong password names it and leaves the directory empty', async () => {
    const other = await bench.member('other', {
      replication: { username: 'replicator', password: new Redacted('wrong') },
    });
    const why = await other.failure({ kind: 'clone', from: b.asTarget(undefined), settings: SETTINGS });
    expect(why).toContain('postgresql.authentication.replication');
    expect((await other.observe()).data).toEqual({ kind: 'empty' });
  });

  test('a clone that fails leaves what stood there before it', async () => {
    const other = await bench.member('dotted');
    mkdirSync(other.options.dataDir, { mode: 0o700 });
    writeFileSync(join(other.options.dataDir, '.mine'), 'kept');
    if (bench.account !== undefined) chownSync(other.options.dataDir, bench.account.uid, bench.account.gid);
    const why = await other.failure({ kind: 'clone', from: b.asTarget(undefined), settings: SETTINGS });
    expect(why).toContain('not empty');
    expect(readFileSync(join(other.options.dataDir, '.mine'), 'utf8')).toBe('kept');
    expect((await other.observe()).data).toEqual({ kind: 'empty' });
  });

  test('a clone into a directory that holds something is refused', async () => {
    expect(await b.failure({ kind: 'clone', from: a.asTarget(undefined), settings: SETTINGS })).toContain('runs in');
    await b.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
    expect(await b.failure({ kind: 'clone', from: a.asTarget(undefined), settings: SETTINGS })).toContain('not empty');
    await b.done({ kind: 'startPrimary', settings: SETTINGS });
  });

  test('a port in use is named with what the log says', async () => {
    const rival = await bench.member('rival', { port: b.options.port });
    await rival.done({ kind: 'bootstrap', settings: SETTINGS });
    const why = await rival.failure({ kind: 'startPrimary', settings: SETTINGS }, { withinMs: 5_000 });
    expect(why).toContain('postgresql.listen');
    expect(why).toContain('Address already in use');
    expect((await rival.observe()).lastError).toBe(why);
  });

  test('a superuser password that is not the cluster’s is named', async () => {
    await b.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
    const stranger = await bench.member('stranger', {
      ...b.options,
      superuser: { username: 'postgres', password: new Redacted('wrong') },
    });
    const why = await stranger.failure({ kind: 'startPrimary', settings: SETTINGS });
    expect(why).toContain('postgresql.authentication.superuser');
    const seen = await stranger.observe();
    expect(seen.postmaster).toBeDefined();
    expect(seen.starting).toBe(false);
    expect(seen.sql.kind === 'unknown' ? seen.sql.why : 'known').toContain('password');
    await stranger.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
  });
});

describe('one timeline number, taken twice from one position', () => {
  const bench = new PostgresBench();
  let b: PostgresMember;
  let c: PostgresMember;
  const stop = { kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'a test' } as const;

  beforeAll(async () => {
    const a = await bench.primary('a');
    b = await bench.standby('b', a);
    c = await bench.standby('c', a);
    await a.sql('CREATE TABLE kept (n int)');
    // A clean shutdown waits until both have all of it.
    await a.done(stop);
    for (const [index, member] of [b, c].entries()) {
      await member.done({ kind: 'cutOff', settings: SETTINGS });
      await member.done({ kind: 'promote', reign: 2, aboveTimeline: 1, settings: SETTINGS });
      await member.sql(`INSERT INTO kept VALUES (${index})`);
    }
    await b.done(stop);
  });
  afterAll(() => bench.close());

  test('is seen by the WAL itself, and what is given up is kept', async () => {
    const { data } = await b.observe();
    expect(data).toMatchObject({ control: { state: 'shut down', checkpointTimeline: 2 } });
    expect((await c.primaryStatus()).timeline).toBe(2);
    const { recorded } = await b.done(recording(c));
    expect(recorded).toMatchObject({ verdict: 'diverged', isHeld: false });
    const file = join(b.options.stateDir, 'divergence', `${recorded?.id ?? ''}.json`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      verdict: 'diverged',
      timeline: 2,
      fork: { timeline: 1 },
      transactions: { committed: 1 },
      kept: { files: [expect.stringMatching(/^00000002/)] },
    });
  });

  test('a cold copy of the leader is none: its end is in the leader’s WAL', async () => {
    const copied = await bench.member('copied');
    await c.done(stop);
    // -a keeps the owner.
    execFileSync('cp', ['-a', c.options.dataDir, copied.options.dataDir]);
    await c.done({ kind: 'startPrimary', settings: SETTINGS });
    await c.sql('INSERT INTO kept VALUES (3)');
    const { recorded } = await copied.done(recording(c));
    expect(recorded).toMatchObject({ verdict: 'none' });
  });
});
