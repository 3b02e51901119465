// One real agent with a real PostgreSQL and etcd: how its life begins, is interrupted and ends.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPrey } from '../../../src/guard/kill-directory.ts';
import { eventually } from '../../support/real-clock.ts';
import { AgentRig, type Member, postmasterPid, statusOf } from './agent-rig.ts';

let rig: AgentRig;
beforeEach(async () => {
  rig = await AgentRig.start();
});
afterEach(() => rig.dispose());

const serves = (member: Member) =>
  eventually(`${member.name} is primary`, async () => /"role": "primary".*"xlog"/.test(await statusOf(member)), 40_000);
const works = ({ dataDir }: Member) => findPrey({ dataDir, postmaster: undefined }).length > 0;

test('bootstraps, is adopted after kill -9, and stops cleanly on SIGTERM', async () => {
  const member = await rig.member('one');
  const first = rig.run(member.file);
  await serves(member);
  const postmaster = postmasterPid(member);
  first.process.kill('SIGKILL');
  expect((await first.ended).stderr).not.toContain('hush');
  const second = rig.run(member.file);
  await serves(member);
  expect(postmasterPid(member)).toBe(postmaster);
  second.process.kill('SIGTERM');
  const { code, stderr } = await second.ended;
  expect(code).toBe(0);
  expect(stderr).toContain('carries on its reign');
  expect(works(member)).toBe(false);
});

test('a local file that was changed is in force after SIGHUP: its parameters on the server, its tags in the answers', async () => {
  const member = await rig.member('one');
  const { process: agent } = rig.run(member.file);
  await serves(member);
  const changed = readFileSync(member.file, 'utf8').replace('  pg_hba:', '  parameters: { work_mem: 7MB }\n  pg_hba:');
  writeFileSync(member.file, `${changed}tags: { zone: east, nofailover: false }\n`);
  agent.kill('SIGHUP');
  const conf = join(member.dataDir, 'postgresql.conf');
  await eventually('the parameter is written', () => readFileSync(conf, 'utf8').includes('7MB'));
  await eventually('the tags are told', async () => (await statusOf(member)).includes('"tags": {"zone": "east"}'));
});

test('killed and not replaced, leaves it to the guard to end PostgreSQL; started again, it leads again', async () => {
  const member = await rig.member('one');
  const first = rig.run(member.file);
  await serves(member);
  first.process.kill('SIGKILL');
  await eventually('the guard has ended PostgreSQL', () => !works(member));
  await eventually('standby.signal is there', () => existsSync(join(member.dataDir, 'standby.signal')));
  rig.run(member.file);
  await serves(member);
});

test('refuses a data directory that another agent works on, and a name that a living member has (B7)', async () => {
  const member = await rig.member('one');
  rig.run(member.file);
  await serves(member);
  const same = await rig.run(member.file).ended;
  expect(same).toMatchObject({ code: 1 });
  expect(same.stderr).toContain('Another agent (pid ');
  const namesake = await rig.member('one', { dataDir: join(rig.root, 'data', 'other') });
  const twin = await rig.run(namesake.file).ended;
  expect(twin).toMatchObject({ code: 1 });
  expect(twin.stderr).toMatch(/^.{23} CRITICAL: Can't start; there is already a node named 'one' running$/m);
  expect(twin.stderr).toContain('A member called one is alive already');
  expect(readdirSync(join(rig.root, 'data')).toSorted()).toEqual(['one', 'one.kornak']);
});

test('refuses what is wrong on one screen, with the place, and changes nothing', async () => {
  const foreign = await rig.member('foreign');
  mkdirSync(foreign.dataDir);
  writeFileSync(join(foreign.dataDir, 'letter.txt'), '');
  const broken = join(rig.root, 'broken.yml');
  writeFileSync(broken, 'scope: a\nname: [b\n');
  const cases: readonly (readonly [string, string])[] = [
    [foreign.file, 'postgresql.data_dir'],
    [broken, 'line '],
    [join(rig.root, 'missing.yml'), 'there is no such file'],
  ];
  for (const [file, expected] of cases) {
    const { code, stderr } = await rig.run(file).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
    expect(stderr.split('\n').length).toBeLessThan(24);
  }
  expect(readdirSync(join(rig.root, 'data'))).toEqual(['foreign']);
});
