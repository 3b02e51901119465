import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GuardClient } from '../../../src/agent/guard/guard-client.ts';
import { GuardRig, bootMs, isAlive, kill, present, printReaction, program, until } from './guard-rig.ts';

let rig: GuardRig;
beforeEach(async () => {
  rig = new GuardRig();
  rig.holdsCluster();
  // It runs before any deadline is told: on a busy machine its start takes a while.
  await rig.client.state(20_000);
});
afterEach(() => rig.dispose());

const dead = () => until(() => rig.working() === 0 || undefined);

describe('the deadline', () => {
  test('passes with the agent connected and idle: everything dies, standby.signal is left', async () => {
    const order = rig.order(rig.startTree(), 500);
    expect(await rig.client.arm(order, 5_000)).toEqual({ kind: 'ok', state: { kind: 'armed', order } });
    expect(rig.working()).toBeGreaterThan(4);
    await dead();
    printReaction('agent idle', order.deadlineMs);
    expect(await rig.fired()).toMatchObject({ state: { reign: 7, left: 0 } });
    await until(() => rig.hasStandbySignal() || undefined);
  });

  test.each(['SIGKILL', 'SIGSTOP'] as const)('passes after the agent got %s', async (signal) => {
    const postmaster = rig.startTree();
    const agent = rig.startAgent(postmaster, 800);
    await once(present(agent.stdout ?? undefined), 'data');
    await sleep(1_500);
    expect(rig.working()).toBeGreaterThan(4);
    agent.kill(signal);
    await dead();
    await rig.fired();
  });

  test('pushed in time keeps everything alive, whatever its length', async () => {
    const postmaster = rig.startTree();
    for (let push = 0; push < 8; push += 1) {
      const answer = await rig.client.arm(rig.order(postmaster, 600), 5_000);
      expect(answer).toMatchObject({ kind: 'ok', state: { kind: 'armed' } });
      await sleep(200);
    }
    expect(rig.working()).toBeGreaterThan(4);
  });

  test('passed while the guard itself was stopped: it kills before it reads what waits on its socket', async () => {
    const postmaster = rig.startTree();
    await rig.client.arm(rig.order(postmaster, 700), 5_000);
    kill(rig.guardPid, 'SIGSTOP');
    const late = rig.client.arm(rig.order(postmaster, 60_000), 10_000);
    await sleep(2_000);
    expect(rig.working()).toBeGreaterThan(4);
    kill(rig.guardPid, 'SIGCONT');
    expect(await late).toMatchObject({ kind: 'ok', state: { kind: 'fired' } });
    await dead();
    await until(() => rig.log.includes('did not run for') || undefined);
  });

  test('in the past fires at once', async () => {
    const postmaster = rig.startTree();
    expect(await rig.client.arm(rig.order(postmaster, -1), 5_000)).toMatchObject({ state: { kind: 'fired' } });
    await dead();
  });

  test('without a postmaster kills whatever works in the directory', async () => {
    rig.startTree();
    await rig.client.arm(rig.order(undefined, 300), 5_000);
    await dead();
  });

  test('spares a process that came by the pid, and one that works elsewhere', async () => {
    const stranger = rig.startStranger();
    await rig.client.arm(rig.order({ ...stranger, startTicks: stranger.startTicks - 1 }, 300), 5_000);
    await rig.fired();
    await rig.armedFor(rig.order(stranger, 300, 8));
    await rig.fired();
    expect(isAlive(stranger.pid)).toBe(true);
  });

  test('leaves no signal file where no cluster is', async () => {
    const bare = new GuardRig();
    await bare.client.arm(bare.order(bare.startTree(), 100), 5_000);
    await bare.fired();
    await until(() => bare.log.includes('no standby.signal') || undefined);
    expect(bare.hasStandbySignal()).toBe(false);
    await bare.dispose();
  });
});

describe('orders', () => {
  test('disarm ends the watch', async () => {
    const postmaster = rig.startTree();
    await rig.client.arm(rig.order(postmaster, 400), 5_000);
    expect(await rig.client.disarm(5_000)).toEqual({ kind: 'ok', state: { kind: 'disarmed' } });
    await sleep(800);
    expect(rig.working()).toBeGreaterThan(4);
  });

  test('of a reign that has fired are refused, of a later one obeyed', async () => {
    await rig.client.arm(rig.order(rig.startTree(), 100), 5_000);
    await rig.fired();
    expect(await rig.client.arm(rig.order(undefined, 60_000), 5_000)).toMatchObject({ state: { kind: 'fired' } });
    await rig.armedFor(rig.order(undefined, 60_000, 8));
    expect(rig.hasStandbySignal()).toBe(true);
    expect(await rig.client.arm(rig.order(undefined, 90_000, 7), 5_000)).toMatchObject({
      state: { order: { reign: 8 } },
    });
  });

  test('may shorten the deadline', async () => {
    const postmaster = rig.startTree();
    await rig.client.arm(rig.order(postmaster, 60_000), 5_000);
    await rig.client.arm(rig.order(postmaster, 200), 5_000);
    await dead();
  });
});

describe('the guard', () => {
  test('is one: a second one of the same directory ends by itself', async () => {
    await rig.client.state(5_000);
    const first = rig.guardPid;
    const second = spawn(process.execPath, [program, rig.dataDir, rig.stateDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said = once(present(second.stderr ?? undefined), 'data');
    expect((await once(second, 'exit'))[0]).toBe(1);
    expect(String((await said)[0])).toContain(`another guard (pid ${first})`);
    expect(await rig.client.state(5_000)).toMatchObject({ kind: 'ok' });
  });

  test('is started again where it died, also beside the socket that it left', async () => {
    await rig.client.state(5_000);
    const first = rig.guardPid;
    kill(first, 'SIGKILL');
    await until(() => !isAlive(first) || undefined);
    await sleep(2_000);
    expect(await rig.client.state(5_000)).toEqual({ kind: 'ok', state: { kind: 'disarmed' } });
    expect(rig.guardPid).not.toBe(first);
  });

  test('ignores SIGTERM and SIGHUP while armed, and ends on SIGTERM when disarmed', async () => {
    await rig.client.arm(rig.order(undefined, 60_000), 5_000);
    kill(rig.guardPid, 'SIGTERM');
    kill(rig.guardPid, 'SIGHUP');
    await until(() => rig.log.includes('SIGTERM ignored') || undefined);
    expect(await rig.client.disarm(5_000)).toMatchObject({ kind: 'ok' });
    kill(rig.guardPid, 'SIGTERM');
    await until(() => !isAlive(rig.guardPid) || undefined);
  });

  test('bears garbage, half lines, endless lines and many connections', async () => {
    const postmaster = rig.startTree();
    await rig.client.arm(rig.order(postmaster, 60_000), 5_000);
    const path = join(rig.stateDir, 'guard.sock');
    const garbage = [
      '\n',
      'nonsense\n',
      '{"id":1}\n',
      '{"id":1,"op":"arm","order":{"reign":1}}\n',
      '\u0000\u00ff\n',
      '{"id":2,"op":"dis',
      'x'.repeat(100_000),
    ];
    for (const text of garbage)
      connect(path)
        .on('error', () => {})
        .write(text);
    const many = Array.from({ length: 20 }, () => connect(path).on('error', () => {}));
    await sleep(300);
    // Our own connection was the oldest and had to go; asking opens another.
    expect(await rig.client.state(5_000)).toMatchObject({ kind: 'ok', state: { kind: 'armed' } });
    expect(rig.working()).toBeGreaterThan(4);
    for (const socket of many) socket.destroy();
  });

  test('answers below a path longer than a socket address may be', async () => {
    const long = new GuardRig(true);
    expect(await long.client.state(5_000)).toEqual({ kind: 'ok', state: { kind: 'disarmed' } });
    await long.dispose();
  });

  test('that is stopped leaves a question unanswered', async () => {
    await rig.client.state(5_000);
    kill(rig.guardPid, 'SIGSTOP');
    expect(await rig.client.arm(rig.order(undefined, 60_000), 300)).toMatchObject({ kind: 'unanswered' });
    kill(rig.guardPid, 'SIGCONT');
  });

  test('of another directory is not taken for ours', async () => {
    await rig.client.state(5_000);
    const other = new GuardClient({ dataDir: '/elsewhere', stateDir: rig.stateDir, program }, () => {});
    expect(await other.state(5_000)).toMatchObject({ kind: 'unanswered' });
    other.close();
  });

  test('outlives the agent that started it', async () => {
    const postmaster = rig.startTree();
    const agent = rig.startAgent(postmaster, 60_000, 'once');
    await once(present(agent.stdout ?? undefined), 'data');
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    const answer = await rig.client.state(5_000);
    expect(answer).toMatchObject({ state: { kind: 'armed', order: { reign: 7, postmaster } } });
    expect(bootMs()).toBeGreaterThan(0);
  });
});
