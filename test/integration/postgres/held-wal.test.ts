import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lsn, LSN_ZERO } from '../../../src/core/model/lsn.ts';
import { judgeDivergence, localEndOf } from '../../../src/core/recovery/divergence.ts';
import { deadlineIn } from '../../../src/postgres/deadline.ts';
import { localPlace } from '../../../src/postgres/sql-places.ts';
import { StandbyTimeline } from '../../../src/postgres/standby-timeline.ts';
import { segmentName } from '../../../src/postgres/wal-segments.ts';
import { type StatusAnswer, statusAnswerFromText } from '../../../src/postgres/status-answer.ts';
import { STATUS_QUERY } from '../../../src/postgres/status-query.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { eventually, realClock } from '../../support/real-clock.ts';

describe('the timeline of the last WAL record held', () => {
  const bench = new PostgresBench();
  let a: PostgresMember;
  let b: PostgresMember;
  let c: PostgresMember;
  let fork = LSN_ZERO;

  beforeAll(async () => {
    a = await bench.primary('a');
    b = await bench.standby('b', a);
    c = await bench.standby('c', a);
    await a.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
    for (const member of [b, c]) await member.done({ kind: 'cutOff', settings: SETTINGS });
    await b.done({ kind: 'promote', reign: 2, aboveTimeline: 1, settings: SETTINGS });
    fork = (await b.server.timelineHistory())[0]?.lsn ?? LSN_ZERO;
    await b.server.createSlot('c', 2_000);
  });
  afterAll(() => bench.close());

  /** What c would tell, with what it received and from where as given, over files of WAL as given. */
  const heldBy = async (files: readonly string[], given: Pick<StatusAnswer, 'receiver'> & { receivedLsn: bigint }) => {
    const dataDir = mkdtempSync(join(bench.dir, 'files-'));
    mkdirSync(join(dataDir, 'pg_wal'));
    for (const file of files) copyFileSync(join(b.options.dataDir, 'pg_wal', file), join(dataDir, 'pg_wal', file));
    const answer = statusAnswerFromText(String((await c.sql(STATUS_QUERY))[0]?.['status']));
    const timeline = new StandbyTimeline(dataDir, localPlace(c.options));
    return timeline.held({ ...answer, ...given, receivedLsn: lsn(given.receivedLsn) }, deadlineIn(realClock, 2_000));
  };

  test('where the shutdown checkpoint ends is worked out from the record itself, so that nothing is rewound for it (known failure 44)', async () => {
    const { data } = await a.observe();
    expect(data).toMatchObject({ kind: 'cluster', control: { state: 'shut down', checkpointEndLsn: fork } });
    const local = data.kind === 'cluster' ? localEndOf(data.control) : undefined;
    const line = { timeline: 2, history: await b.server.timelineHistory() };
    expect(local?.position.lsn).toBeLessThan(fork);
    expect(local === undefined ? undefined : judgeDivergence(local, line)).toEqual({ kind: 'none' });
  });

  test('a receiver that names a timeline of which nothing has come is not believed (known failure 50)', async () => {
    const receiver = {
      status: 'streaming',
      host: '127.0.0.1',
      port: 5432,
      slot: 'c',
      timeline: 2,
      latestEndLsn: undefined,
      lastMessageAgeMs: undefined,
    };
    const held = await heldBy(['00000002.history'], { receiver, receivedLsn: fork & ~0xffffffn });
    expect(held).toEqual({ timeline: 1, lsn: fork, isCertain: true });
  });

  test('what was received on the next one counts, though replay has not come to it and the receiver is gone', async () => {
    const received = (await b.server.flushLsn(1_000)) ?? LSN_ZERO;
    const file = segmentName(2, received - 1n, 16n * 1024n * 1024n);
    const given = { receiver: null, receivedLsn: received };
    expect(await heldBy(['00000002.history', file], given)).toEqual({ timeline: 2, lsn: received, isCertain: true });
    expect(await heldBy(['00000002.history'], given)).toEqual({ timeline: 1, lsn: fork, isCertain: false });
    expect(await heldBy([file], given)).toEqual({ timeline: 1, lsn: fork, isCertain: false });
  });

  test('once it follows, it holds what it receives, and keeps that when it is cut off', async () => {
    expect(await c.standbyStatus()).toMatchObject({ timeline: 1, receivedLsn: fork, replayedAll: true });
    await c.done({ kind: 'follow', follow: b.asTarget('c'), settings: SETTINGS });
    await eventually('c receives on timeline 2', async () => (await c.standbyStatus()).timeline === 2);
    await c.done({ kind: 'cutOff', settings: SETTINGS });
    expect(await c.standbyStatus()).toMatchObject({ timeline: 2, replayedAll: true, receiverRuns: false });
  });
});
