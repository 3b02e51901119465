// A real member with a file in the place of its watchdog device (driver: testing), which keeps what a device would have been told.
// No machine is reset here: what is shown is that the device would have been armed, fed, disarmed and left alone in time.
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';

let cluster: TestCluster;
let member: TestMember;
let device: string;

const told = (): Promise<string> => readFile(device, 'utf8');

async function isFed(): Promise<unknown> {
  const before = (await told()).length;
  return until('it is kept alive', async () => (await told()).endsWith('1') && (await told()).length > before, 30_000);
}

/** Waits for so long a time in which the device hears nothing. */
async function silentFor(ms: number): Promise<void> {
  let last = { size: -1, atMs: 0 };
  await until(`${ms} ms without a keepalive`, async () => {
    const { size } = await stat(device);
    if (size !== last.size) last = { size, atMs: performance.now() };
    return performance.now() - last.atMs > ms;
  });
}

beforeAll(async () => {
  cluster = await prepareCluster({
    members: ['a'],
    scope: 'batman',
    // The contract's timeout of ttl - 5 needs a leader lease that outlasts it.
    dcs: { ttl: 21, loop_wait: 2, retry_timeout: 5, kornak: { leader_ttl: 24 } },
    more: () => ({ watchdog: { mode: 'required', driver: 'testing', device: '@DEVICE@', safety_margin: 5 } }),
  });
  [member] = cluster.members as [TestMember];
  device = join(member.dir, 'watchdog');
  await writeFile(member.file, (await readFile(member.file, 'utf8')).replace('@DEVICE@', device));
  await writeFile(device, '', { mode: 0o600 });
  member.start();
  await cluster.primary(60_000);
}, 90_000);

afterAll(async () => {
  await cluster.stop();
});

describe('the watchdog of a leader', () => {
  test('is opened with ttl - 5 and pinged (W1)', async () => {
    expect(await told()).toMatch(/^Ctimeout=16\n1/);
    await isFed();
  });

  test('is told the new timeout when ttl changes (W2)', async () => {
    const { code, stdout } = await cluster.ctl('edit-config', 'batman', '--set', 'ttl=20', '--force');
    expect([code, stdout.split('\n')]).toEqual([0, expect.arrayContaining(['-ttl: 21', '+ttl: 20'])]);
    await until('it is told', async () => (await told()).includes('Ctimeout=15\n'));
  });

  test('is closed in pause and pinged again after it (W3, W4)', async () => {
    await member.api('/config', { method: 'PATCH', body: { pause: true } });
    await until('it is closed', async () => (await told()).endsWith('V'));
    await member.api('/config', { method: 'PATCH', body: { pause: null } });
    await until('it is armed again', async () => /V.*Ctimeout=15\n1+$/s.test(await told()));
  });

  test('is closed when the agent is shut down (W5)', async () => {
    await member.api('/config', { method: 'PATCH', body: { kornak: { leader_ttl: 6 } } });
    member.signal('SIGTERM');
    expect(await member.exited()).toBe(0);
    expect((await told()).endsWith('V')).toBe(true);
    expect(await member.postgresPids()).toEqual([]);
  });
});

describe('with the usual leader lease', () => {
  test('the timeout is short enough for it, and a frozen agent with its guard feeds nothing for that long (W7)', async () => {
    member.start();
    await cluster.primary(60_000);
    await until('it is armed', async () => /Ctimeout=4\n1+$/.test(await told()));
    await isFed();
    const guard = await member.guardPid();
    member.signal('SIGSTOP');
    if (guard !== undefined) process.kill(guard, 'SIGSTOP');
    try {
      await silentFor(4_000);
    } finally {
      if (guard !== undefined) process.kill(guard, 'SIGCONT');
      member.signal('SIGCONT');
    }
    // Back alive it finds its lease over, and puts the device away only after PostgreSQL.
    await cluster.primary(60_000);
    await isFed();
  });

  test('whoever must have a watchdog and has none does not lead, and says so', async () => {
    member.signal('SIGTERM');
    await member.exited();
    await rm(device);
    member.start();
    await until('it says so', async () => (await member.api('/patroni')).json['watchdog_failed'] === true);
    expect((await member.api('/primary')).status).toBe(503);
    await writeFile(device, '', { mode: 0o600 });
    await cluster.primary(60_000);
    expect(await told()).toMatch(/^Ctimeout=4\n1/);
  });
});
