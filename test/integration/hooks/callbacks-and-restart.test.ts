// One real cluster of two members, with callbacks and hooks that write down what they are told, through a member's life.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';

let cluster: TestCluster;
let leader: TestMember;
let replica: TestMember;

const calledFile = (member: TestMember): string => join(member.dir, 'called');
const called = async (member: TestMember): Promise<readonly string[]> =>
  (await readFile(calledFile(member), 'utf8').catch(() => '')).trim().split('\n').filter(Boolean);
const callsTo = (member: TestMember, line: string): Promise<unknown> =>
  until(`${member.name} was told ${line}`, async () => (await called(member)).includes(line), 60_000);

/** Writes one line for each call, and hangs or fails where a file asks it to. */
async function prepareScripts(member: TestMember): Promise<void> {
  const { dir } = member;
  const scripts: Readonly<Record<string, string>> = {
    callback: `echo "$@" >> ${dir}/called; [ -e ${dir}/hang ] && sleep 600; exit 0`,
    'pre-promote': `echo pre_promote >> ${dir}/called; [ ! -e ${dir}/refuse ]`,
    'before-stop': `echo before_stop >> ${dir}/called; while [ -e ${dir}/linger ]; do sleep 0.1; done; exit 1`,
  };
  for (const [name, body] of Object.entries(scripts)) {
    await writeFile(join(dir, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(dir, name), 0o755);
  }
}

async function changeFile(member: TestMember, change: (file: Record<string, unknown>) => unknown): Promise<void> {
  const file = JSON.parse(await readFile(member.file, 'utf8')) as Record<string, unknown>;
  await writeFile(member.file, JSON.stringify(change(file)), { mode: 0o600 });
}

async function withScripts(member: TestMember): Promise<void> {
  const at = (name: string): string => join(member.dir, name);
  const actions = ['on_start', 'on_restart', 'on_stop', 'on_reload', 'on_role_change'];
  await prepareScripts(member);
  await changeFile(member, (file) => ({
    ...file,
    kornak: { hook_timeout: 5, callback_timeout: 60 },
    postgresql: {
      ...(file['postgresql'] as object),
      callbacks: Object.fromEntries(actions.map((action) => [action, at('callback')])),
      pre_promote: at('pre-promote'),
      before_stop: at('before-stop'),
    },
  }));
}

beforeAll(async () => {
  cluster = await prepareCluster({
    members: ['a', 'b'],
    scope: 'batman',
    dcs: { loop_wait: 2, synchronous_mode: true },
  });
  for (const member of cluster.members) await withScripts(member);
  cluster.startAll();
  leader = await cluster.streaming();
  const [other] = cluster.others(leader);
  if (other === undefined) throw new Error('no replica');
  replica = other;
  await cluster.synchronous();
}, 120_000);

afterAll(async () => {
  await cluster.stop();
});

describe('a member tells its callbacks', () => {
  test('that it serves, once, and nothing of the bootstrap', async () => {
    await callsTo(leader, 'on_start primary batman');
    await callsTo(replica, 'on_start replica batman');
    expect((await called(leader)).filter((line) => line.startsWith('on_'))).toEqual(['on_start primary batman']);
  });
});

describe('a reload', () => {
  test('through the REST API brings the changed file into force (A2)', async () => {
    await changeFile(replica, (file) => ({ ...file, tags: { colour: 'blue' } }));
    const answer = await replica.api('/reload', { method: 'POST' });
    expect([answer.status, answer.text]).toEqual([202, 'reload scheduled']);
    await until('the new tag shows', async () => {
      const { json } = await replica.api('/patroni');
      return (json['tags'] as Record<string, unknown> | undefined)?.['colour'] === 'blue';
    });
    await callsTo(replica, 'on_reload replica batman');
  });

  test('writes a changed replication password to the passfile (known failure 12)', async () => {
    await leader.sql(`alter role replicator password 'n3w-s3cret'`);
    for (const member of cluster.members) {
      await changeFile(member, (file) => {
        const postgresql = file['postgresql'] as { authentication: Record<string, unknown> };
        const replication = { username: 'replicator', password: 'n3w-s3cret' };
        const authentication = { ...postgresql.authentication, replication };
        return { ...file, postgresql: { ...postgresql, authentication } };
      });
    }
    const { stdout } = await cluster.ctl('reload', 'batman', '--force');
    expect(stdout).toContain('Reload request received for member a and will be processed within 2 seconds');
    const passfile = join(`${replica.dataDir}.kornak`, 'pgpass');
    await until('the passfile has it', async () => (await readFile(passfile, 'utf8')).includes('n3w-s3cret'));
    await leader.sql('select pg_terminate_backend(pid) from pg_stat_replication');
    await cluster.streaming();
  });
});

describe('a restart', () => {
  const pending = async (member: TestMember): Promise<boolean> =>
    (await member.api('/patroni')).json['pending_restart'] === true;

  test('is pending once a parameter needs it (A3)', async () => {
    const body = { postgresql: { parameters: { max_connections: 110 } } };
    expect((await leader.api('/config', { method: 'PATCH', body })).status).toBe(200);
    await until('it is pending', async () => (await pending(leader)) && (await pending(replica)));
    const { stdout } = await cluster.ctl('list', '-e', 'batman');
    expect(stdout).toContain('max_connections: 100->110');
  });

  test('scheduled for another role leaves the leader alone; for what is pending it restarts it and clears the flag (A4)', async () => {
    const startedAt = async (): Promise<unknown> =>
      (await leader.sql('select pg_postmaster_start_time()::text as at'))[0]?.['at'];
    const before = await startedAt();
    const soon = (): string => new Date(Date.now() + 1_500).toISOString().replace('Z', '+00:00');
    const first = await leader.api('/restart', { method: 'POST', body: { role: 'replica', schedule: soon() } });
    expect([first.status, first.text]).toEqual([202, 'Restart scheduled']);
    const again = await leader.api('/restart', { method: 'POST', body: { schedule: soon() } });
    expect([again.status, again.text]).toEqual([409, 'Another restart is already scheduled']);
    await until('it is dropped', async () => (await leader.api('/patroni')).json['scheduled_restart'] === undefined);
    expect(await startedAt()).toBe(before);

    const body = { role: 'primary', restart_pending: 'True', schedule: soon() };
    expect((await leader.api('/restart', { method: 'POST', body })).status).toBe(202);
    await until('the flag is cleared', async () => !(await pending(leader)));
    expect(await startedAt()).not.toBe(before);
    expect((await leader.sql('show max_connections'))[0]).toEqual({ max_connections: '110' });
    await callsTo(leader, 'on_restart primary batman');
    expect(await called(leader)).not.toContain('on_stop primary batman');
  });

  test('of a member by kornakctl', async () => {
    await cluster.streaming();
    await cluster.synchronous();
    const restarted = async (): Promise<string | undefined> =>
      (await cluster.ctl('restart', 'batman', replica.name, '--force')).stdout.trim().split('\n').at(-1);
    // It streams before its start is quite done, and is refused a restart until then.
    let answer = await restarted();
    await until('its start is done', async () => {
      if (answer?.includes('startStandby already in progress') === true) answer = await restarted();
      return answer?.includes('already in progress') !== true;
    });
    expect(answer).toBe(`Success: restart on member ${replica.name}`);
    await callsTo(replica, 'on_restart replica batman');
    expect(await called(replica)).toContain('before_stop');
    await cluster.streaming();
    await cluster.synchronous();
  });
});

describe('a change of roles', () => {
  test('that is taken back while before_stop still runs does not happen', async () => {
    const startedAt = async () => (await leader.sql('select pg_postmaster_start_time()::text as at'))[0]?.['at'];
    const before = await startedAt();
    const stops = async () => (await called(leader)).filter((line) => line === 'before_stop').length;
    const stopsBefore = await stops();
    await writeFile(join(leader.dir, 'linger'), '');
    const scheduled_at = new Date(Date.now() + 3_000).toISOString();
    const body = { leader: leader.name, candidate: replica.name, scheduled_at };
    expect((await leader.api('/switchover', { method: 'POST', body })).status).toBe(202);
    await until('before_stop runs', async () => (await stops()) > stopsBefore);
    const { code, stdout } = await cluster.ctl('flush', 'batman', 'switchover', '--force');
    expect([code, stdout.trim()]).toEqual([0, 'Success: scheduled switchover deleted']);
    await until('it is told', async () =>
      (await leader.log()).includes('was taken back before PostgreSQL was stopped'),
    );
    await rm(join(leader.dir, 'linger'));
    await leader.sql('create table after_all (n int)');
    expect(await startedAt()).toBe(before);
    expect(await cluster.streaming()).toBe(leader);
    await cluster.synchronous();
  });

  test('tells both sides, whatever before_stop says (B5, D5: callbacks)', async () => {
    await cluster.streaming();
    await cluster.synchronous();
    const body = { leader: leader.name, candidate: replica.name };
    const answer = await leader.api('/switchover', { method: 'POST', body });
    expect([answer.status, answer.text]).toEqual([200, `Successfully switched over to "${replica.name}"`]);
    await callsTo(replica, 'on_role_change primary batman');
    await callsTo(leader, 'on_stop demoted batman');
    await callsTo(leader, 'on_role_change replica batman');
    expect(await called(replica)).toContain('pre_promote');
    await cluster.streaming();
    await cluster.synchronous();
  });

  test('follows a failed start, which tells that it leads no more (V3; known failure 32)', async () => {
    // The roles have changed: `replica` leads now.
    await writeFile(join(replica.dataDir, 'postgresql.auto.conf'), 'no_such_parameter = broken\n');
    await replica.killPostgres();
    await callsTo(replica, 'on_role_change demoted batman');
    expect(await cluster.primary(60_000, replica)).toBe(leader);
    await until('it is told', async () => {
      return (await called(leader)).filter((line) => line === 'on_role_change primary batman').length === 1;
    });
    await writeFile(join(replica.dataDir, 'postgresql.auto.conf'), '');
    await cluster.streaming();
    await cluster.synchronous();
  });

  test('is not held up by a callback that hangs; pre_promote that refuses keeps a member from leading', async () => {
    await writeFile(join(replica.dir, 'refuse'), '');
    await writeFile(join(replica.dir, 'hang'), '');
    leader.signal('SIGKILL');
    await leader.killPostgres();
    await until('pre_promote has refused', async () =>
      (await replica.log()).includes('pre_promote refuses the promotion'),
    );
    expect((await replica.sql('select pg_is_in_recovery() as standby'))[0]).toEqual({ standby: true });
    leader.start();
    expect(await cluster.primary(60_000)).toBe(leader);
  });
});
