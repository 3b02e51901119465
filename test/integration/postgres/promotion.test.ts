import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLACEHOLDER } from '../../../src/postgres/history-file.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { eventually, sleep } from '../../support/real-clock.ts';

describe('promotion', () => {
  const bench = new PostgresBench();
  let a: PostgresMember;
  let b: PostgresMember;
  let c: PostgresMember;

  const promote = (aboveTimeline: number, syncNames?: string) =>
    ({ kind: 'promote', reign: 7, aboveTimeline, settings: { ...SETTINGS, syncNames } }) as const;

  beforeAll(async () => {
    a = await bench.primary('a');
    b = await bench.standby('b', a);
    c = await bench.standby('c', a);
    await a.sql('CREATE TABLE kept (n int)', 'INSERT INTO kept VALUES (1)');
  });
  afterAll(() => bench.close());

  test('a standby whose receiver runs is not promoted', async () => {
    expect(await b.failure(promote(1))).toContain('receiver runs');
    expect((await b.standbyStatus()).receiver?.status).toBe('streaming');
  });

  test('cut off, it knows what it holds', async () => {
    await b.done({ kind: 'cutOff', settings: SETTINGS });
    const status = await b.standbyStatus();
    expect(status).toMatchObject({
      timeline: 1,
      receiverRuns: false,
      receiver: undefined,
      upstream: undefined,
      replayedAll: true,
    });
  });

  test('without leadership nothing happens, now or later', async () => {
    const why = await b.failure(promote(4), { mayPromote: () => Promise.resolve(false) });
    expect(why).toContain('not promoted');
    expect(existsSync(join(b.options.dataDir, 'promote'))).toBe(false);
    expect(readdirSync(join(b.options.dataDir, 'pg_wal')).filter((name) => name.endsWith('.history'))).toEqual([]);
    expect((await b.standbyStatus()).kind).toBe('standby');
  });

  test('an answer that does not come counts as no', async () => {
    const never = new Promise<boolean>(() => {});
    expect(await b.failure(promote(1), { mayPromote: () => never, withinMs: 1_500 })).toContain('not promoted');
    expect((await b.standbyStatus()).kind).toBe('standby');
  });

  test('it takes a number above the claimed one, and a follower goes along', async () => {
    const asked: string[] = [];
    const mayPromote = async (): Promise<boolean> => {
      asked.push((await b.standbyStatus()).kind);
      return true;
    };
    const facts = await b.done(promote(4), { mayPromote });
    expect(facts.timeline).toBe(5);
    expect(facts.promotion?.openMs).toBeGreaterThanOrEqual(facts.promotion?.sentMs ?? Number.NaN);
    expect(asked).toEqual(['standby']);
    expect(await b.primaryStatus()).toMatchObject({ kind: 'primary', timeline: 5 });
    expect((await b.server.timelineHistory()).map(({ timeline }) => timeline)).toEqual([1]);
    expect(readFileSync(join(b.options.dataDir, 'postgresql.conf'), 'utf8')).not.toContain('primary_conninfo');
    await b.server.createSlot('c', 3_000);
    await c.done({ kind: 'follow', follow: b.asTarget('c'), settings: SETTINGS });
    await b.sql('INSERT INTO kept VALUES (2)');
    await eventually('c streams on timeline 5', async () => (await c.standbyStatus()).timeline === 5);
    await eventually('c has both rows', async () => (await c.sql('SELECT n FROM kept')).length === 2);
  });

  test('a follower that starts again is not led astray by the numbers in between', async () => {
    await c.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
    expect(readFileSync(join(c.options.dataDir, 'pg_wal/00000004.history'), 'utf8')).toBe(PLACEHOLDER);
    await c.done({ kind: 'startStandby', follow: undefined, settings: SETTINGS });
    expect(await c.standbyStatus()).toMatchObject({ timeline: 5, receiverRuns: false });
    await c.done({ kind: 'follow', follow: b.asTarget('c'), settings: SETTINGS });
    await c.streams();
  });

  test('a number that has begun here is not promoted to again, nor past', async () => {
    await c.done({ kind: 'cutOff', settings: SETTINGS });
    expect(await c.failure(promote(4))).toContain('timeline 5, which the leader key claims, is used');
    expect((await c.standbyStatus()).kind).toBe('standby');
  });

  test('commits wait for whom the settings name from the first moment', async () => {
    expect(await c.done(promote(5, '"nobody"'))).toMatchObject({ timeline: 6 });
    const status = await c.primaryStatus();
    expect(status.sync).toMatchObject({ names: '"nobody"', checkpointerIdleSinceReload: true });
    const client = await c.connect();
    let isAcknowledged = false;
    const insert = client.query('INSERT INTO kept VALUES (3)').finally(() => {
      isAcknowledged = true;
    });
    const waits = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    await eventually('the commit waits', async () => (await c.sql(waits)).length === 1);
    expect(isAcknowledged).toBe(false);
    await c.server.applySettings(SETTINGS, 3_000);
    await insert;
    await client.end();
  });
});

describe('a promotion that does not end in time', () => {
  const bench = new PostgresBench();
  afterAll(() => bench.close());

  test('does not end later either, when nobody asks any more whether it may', async () => {
    const a = await bench.primary('a');
    const b = await bench.standby('b', a);
    await b.done({ kind: 'cutOff', settings: SETTINGS });
    const settings = { ...SETTINGS, parameters: { ...SETTINGS.parameters, recovery_end_command: 'sleep 4' } };
    const why = await b.failure({ kind: 'promote', reign: 7, aboveTimeline: 1, settings }, { withinMs: 2_500 });
    expect(why).toContain('still in recovery');
    await sleep(3_000);
    expect((await b.observe()).postmaster).toBeUndefined();
    await b.done({ kind: 'startStandby', follow: undefined, settings: SETTINGS });
    expect(await b.standbyStatus()).toMatchObject({ kind: 'standby' });
  });
});
