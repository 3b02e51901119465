// Whom a commit waits for, and the trap that a forced checkpoint sets (safety-findings F3).
import { beforeEach, describe, expect, test } from 'vitest';
import { isSatisfied, syncNamesFromText } from '../../src/sim/database/sync-names.ts';
import { SyncWait } from '../../src/sim/database/sync-wait.ts';
import { Agenda } from '../../src/sim/time/agenda.ts';
import { Chance } from '../../src/sim/time/chance.ts';
import { Machine } from '../../src/sim/time/machine.ts';
import { Process } from '../../src/sim/time/process.ts';

const standby = (name: string, flushedLsn: number) => ({ name, flushedLsn });

describe('synchronous_standby_names', () => {
  test.each([
    ['', [], true],
    ['bob', [standby('bob', 10)], true],
    ['bob', [standby('cyd', 10)], false],
    ['2 (bob,"cyd-3")', [standby('bob', 10), standby('cyd-3', 10)], true],
    ['2 (bob,"cyd-3")', [standby('bob', 10), standby('cyd-3', 9)], false],
    ['FIRST 1 (bob,cyd)', [standby('cyd', 10), standby('bob', 9)], false],
    ['FIRST 1 (bob,cyd)', [standby('cyd', 10)], true],
    ['ANY 1 (bob,cyd)', [standby('cyd', 10), standby('bob', 9)], true],
  ])('%s with %j', (text, streaming, isDone) => {
    const names = syncNamesFromText(text);
    expect(names === undefined || isSatisfied(names, streaming, 10)).toBe(isDone);
  });
});

describe('a commit', () => {
  let agenda: Agenda;
  let sync: SyncWait;
  let done: number;

  beforeEach(() => {
    agenda = new Agenda();
    const process = new Process(new Machine('ada', agenda, new Chance(1), 1));
    sync = new SyncWait(process, undefined, () => []);
    done = 0;
  });

  const commit = () => sync.wait(10, () => (done += 1));
  const pass = (lengthMs: number) => {
    const untilMs = agenda.nowMs + lengthMs;
    agenda.after(lengthMs, () => undefined);
    while (agenda.step(untilMs));
  };

  test('waits for nobody until the checkpointer has read whom to wait for', () => {
    sync.checkpoint(2000);
    sync.reload('bob');
    pass(1000);
    expect(sync.isIdleSinceReload()).toBe(false);
    commit();
    expect(done).toBe(1);
    pass(1500);
    expect(sync.isIdleSinceReload()).toBe(true);
    commit();
    expect(done).toBe(1);
  });

  test('is let go by what the walsender has read, which may be a former setting', () => {
    const walsender = (name: string) => ({
      name,
      state: 'streaming' as const,
      flushedLsn: 0,
      names: syncNamesFromText('ANY 1 (bob,cyd)'),
      hasRead: true,
    });
    const [bob, cyd] = [walsender('bob'), walsender('cyd')];
    const process = new Process(new Machine('ada', agenda, new Chance(1), 1));
    sync = new SyncWait(
      process,
      'ANY 1 (bob,cyd)',
      () => [bob, cyd],
      () => 500,
    );
    sync.reload('ANY 2 (bob,cyd)');
    pass(100);
    expect([sync.isIdleSinceReload(), bob.hasRead]).toEqual([true, false]);
    commit();
    bob.flushedLsn = 10;
    sync.release(bob);
    expect(done).toBe(1);
    pass(500);
    expect(bob.hasRead).toBe(true);
    commit();
    sync.release(bob);
    expect(done).toBe(1);
    cyd.flushedLsn = 10;
    sync.release(cyd);
    expect(done).toBe(2);
  });

  test('is let go when the checkpointer reads that nobody is to be waited for', () => {
    sync.reload('bob');
    pass(50);
    commit();
    sync.reload('');
    expect(done).toBe(0);
    pass(50);
    expect(done).toBe(1);
  });
});
