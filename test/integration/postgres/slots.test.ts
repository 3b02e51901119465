// Slots as PostgreSQL itself has them: told, lost, moved, and copied as files.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job, ServerSettings } from '../../../src/core/model/job.ts';
import { lsnToText } from '../../../src/core/model/lsn.ts';
import type { Slot } from '../../../src/core/model/local-postgres.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { eventually } from '../../support/real-clock.ts';

const settings: ServerSettings = {
  ...SETTINGS,
  parameters: { ...SETTINGS.parameters, wal_level: 'logical', max_slot_wal_keep_size: '1MB', wal_keep_size: '0' },
  hotStandbyFeedback: true,
};
const DECO = { name: 'deco', database: 'postgres', plugin: 'test_decoding' } as const;

async function slotOf(member: PostgresMember, name: string): Promise<Slot | undefined> {
  const { sql } = await member.observe();
  return sql.kind === 'seen' ? sql.value.slots.find((slot) => slot.name === name) : undefined;
}

describe('slots', () => {
  const bench = new PostgresBench();
  let a: PostgresMember;
  let b: PostgresMember;
  const copying = (): Extract<Job, { kind: 'copySlots' }> => ({
    kind: 'copySlots',
    from: a.asTarget('b'),
    slots: [{ ...DECO, isThere: false }],
    follow: a.asTarget('b'),
    settings,
  });

  beforeAll(async () => {
    a = await bench.primary('a', settings);
    b = await bench.standby('b', a, settings);
  });
  afterAll(() => bench.close());

  test('a logical slot is made beside everything else, and not waited for while a transaction runs (known failure 59)', async () => {
    const client = await a.connect();
    await client.query('BEGIN; CREATE TABLE held (n int)');
    a.server.tendLogicalSlots([{ ...DECO, to: undefined }]);
    expect((await a.observe()).sql.kind).toBe('seen');
    expect((await slotOf(a, 'deco'))?.confirmedFlushLsn).toBeUndefined();
    await client.query('COMMIT');
    await client.end();
    await eventually('it is there', async () => (await slotOf(a, 'deco'))?.confirmedFlushLsn !== undefined);
    expect(await slotOf(a, 'deco')).toMatchObject({
      kind: 'logical',
      plugin: 'test_decoding',
      database: 'postgres',
      isLost: false,
    });
  });

  test('feedback is given where it is asked for', async () => {
    expect(await b.sql('SHOW hot_standby_feedback')).toEqual([{ hot_standby_feedback: 'on' }]);
  });

  test('a slot that is defined otherwise is not copied, and the standby runs on (known failure 65)', async () => {
    const started = (await b.standbyStatus()).startedAt;
    const job = { ...copying(), slots: [{ ...DECO, plugin: 'pgoutput', isThere: false }] } as Job;
    expect(await b.failure(job)).toContain("the leader's slot deco is for test_decoding in postgres");
    expect((await b.standbyStatus()).startedAt).toBe(started);
  });

  test('a copied slot stands where the leader’s does, and moves on as far as is replayed and no further (known failure 23)', async () => {
    await b.done(copying());
    await b.streams();
    expect(readdirSync(join(b.options.dataDir, 'pg_replslot'))).toEqual(['deco']);
    const before = await slotOf(b, 'deco');
    expect(before).toMatchObject({ kind: 'logical', plugin: 'test_decoding', isLost: false });
    await a.sql('INSERT INTO held SELECT generate_series(1, 100)');
    const to = (await a.primaryStatus()).flushLsn;
    await eventually('b has it', async () => (await b.standbyStatus()).replayedLsn >= to);
    b.server.tendLogicalSlots([{ ...DECO, to }]);
    await eventually(
      'it moves',
      async () => ((await slotOf(b, 'deco'))?.confirmedFlushLsn ?? 0n) > (before?.confirmedFlushLsn ?? to),
    );
    expect((await slotOf(b, 'deco'))?.confirmedFlushLsn).toBeLessThanOrEqual(to);
  });

  test('a physical slot is moved on, and nothing happens to one that is in use', async () => {
    const { flushLsn } = await a.primaryStatus();
    await b.server.createSlot('x', 3_000);
    expect(await a.server.advanceSlots({ b: flushLsn }, 3_000)).toMatchObject({ kind: 'done' });
    await a.sql('INSERT INTO held SELECT generate_series(1, 100)');
    const to = (await a.primaryStatus()).flushLsn;
    await eventually('b has it', async () => (await b.standbyStatus()).replayedLsn >= to);
    expect(await b.server.advanceSlots({ x: to }, 3_000)).toMatchObject({ kind: 'done' });
    expect((await slotOf(b, 'x'))?.restartLsn).toBe(to);
    expect(await b.server.dropSlot('x', 3_000)).toMatchObject({ kind: 'done' });
  });

  test('one that was made without keeping WAL is told apart (known failure 17)', async () => {
    await a.sql("SELECT pg_create_physical_replication_slot('idle')");
    expect(await slotOf(a, 'idle')).toMatchObject({ restartLsn: undefined, hasXmin: false, isLost: false });
    const { flushLsn } = await a.primaryStatus();
    expect(await a.server.advanceSlots({ idle: flushLsn }, 3_000)).toMatchObject({ kind: 'failed' });
  });

  test('one whose WAL is gone is told as lost, and can be made anew (known failure 4)', async () => {
    await a.server.createSlot('gone', 3_000);
    const from = (await slotOf(a, 'gone'))?.restartLsn;
    expect(from === undefined ? '' : lsnToText(from)).toMatch(/^0\//);
    await eventually('its WAL is removed', async () => {
      await a.sql('INSERT INTO held VALUES (1)', 'SELECT pg_switch_wal()', 'CHECKPOINT');
      return (await slotOf(a, 'gone'))?.isLost === true;
    });
    expect(await a.server.dropSlot('gone', 3_000)).toMatchObject({ kind: 'done' });
    expect(await a.server.createSlot('gone', 3_000)).toMatchObject({ kind: 'done' });
    expect((await slotOf(a, 'gone'))?.isLost).toBe(false);
  });

  test('a copy whose WAL is gone is told as broken, with the reason, until the server is started anew (known failure 38)', async () => {
    await eventually('b has forgotten the WAL of deco', async () => {
      await a.sql('INSERT INTO held VALUES (1)', 'SELECT pg_switch_wal()', 'CHECKPOINT');
      const to = (await b.standbyStatus()).replayedLsn;
      await b.sql('CHECKPOINT');
      b.server.tendLogicalSlots([{ ...DECO, to }]);
      const { brokenSlots } = await b.observe();
      return Object.hasOwn(brokenSlots ?? {}, 'deco') || (await slotOf(b, 'deco'))?.isLost === true;
    });
  });

  test('and is not copied again before the leader’s begins with WAL that is here', async () => {
    const started = (await b.standbyStatus()).startedAt;
    const job: Job = { ...copying(), slots: [{ ...DECO, isThere: true }] };
    expect(await b.failure(job)).toContain('the WAL that the slot deco begins with is not here');
    expect((await b.standbyStatus()).startedAt).toBe(started);
  });
});
