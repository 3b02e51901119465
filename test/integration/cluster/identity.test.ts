import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORDS, prepareCluster, TestMember, type TestCluster, until } from '../../support/kornak-cluster.ts';
import { freePorts } from '../../support/free-ports.ts';
import { mkdir, chown, stat } from 'node:fs/promises';
import { join } from 'node:path';

describe('who may join', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await prepareCluster({ members: ['a', 'b'] });
    cluster.startAll();
    await cluster.streaming();
  });
  afterAll(() => cluster.stop());

  /** Another member's file and directory, beside the others, with the given changes. */
  async function stranger(
    dirName: string,
    name: string,
    change: (file: Record<string, unknown>) => void = () => undefined,
  ): Promise<TestMember> {
    const [port = 0, apiPort = 0] = await freePorts(2);
    const member = new TestMember(name, join(cluster.dir, dirName), [port, apiPort]);
    await mkdir(member.dir, { recursive: true });
    const owner = await stat(cluster.member('a').dir);
    await chown(member.dir, owner.uid, owner.gid);
    const text = await readFile(cluster.member('b').file, 'utf8');
    const moved = text
      .replaceAll(`127.0.0.1:${cluster.member('b').port}`, `127.0.0.1:${port}`)
      .replaceAll(`127.0.0.1:${cluster.member('b').apiPort}`, `127.0.0.1:${apiPort}`)
      .replaceAll(cluster.member('b').dir, member.dir);
    const file = JSON.parse(moved) as Record<string, unknown>;
    file['name'] = name;
    change(file);
    await writeFile(member.file, JSON.stringify(file));
    return member;
  }

  test('a second agent with the name of a live one is refused', async () => {
    const twin = await stranger('twin', 'b');
    twin.start();
    expect(await twin.exited()).toBe(1);
    expect(await twin.log()).toMatch(/\bb\b.*(already|running|in use)/i);
    await cluster.streaming();
  });

  test('a second agent on the data directory of a live one is refused', async () => {
    const squatter = await stranger('squatter', 'z', (file) => {
      const postgresql = file['postgresql'] as Record<string, unknown>;
      postgresql['data_dir'] = cluster.member('b').dataDir;
    });
    squatter.start();
    expect(await squatter.exited()).toBe(1);
    await cluster.streaming();
  });

  test('data of another cluster are refused', async () => {
    const foreigner = await stranger('foreigner', 'f', (file) => {
      file['scope'] = 'elsewhere';
    });
    foreigner.start();
    await until('it serves a cluster of its own', async () => (await foreigner.api('/primary')).status === 200);
    foreigner.signal('SIGTERM');
    expect(await foreigner.exited()).toBe(0);
    const file = JSON.parse(await readFile(foreigner.file, 'utf8')) as Record<string, unknown>;
    await writeFile(foreigner.file, JSON.stringify({ ...file, scope: cluster.scope }));
    foreigner.start();
    expect(await foreigner.exited()).toBe(1);
    expect(await foreigner.log()).toMatch(/system identifier/);
    await cluster.streaming();
  });

  test('a password that the cluster does not have is refused with the remedy, and PostgreSQL is down as before', async () => {
    const member = cluster.member('b');
    member.signal('SIGTERM');
    expect(await member.exited()).toBe(0);
    const right = await readFile(member.file, 'utf8');
    await writeFile(member.file, right.replace(PASSWORDS.superuser, 'not-the-one'));
    member.start();
    expect(await member.exited()).toBe(1);
    expect(await member.log()).toMatch(/password authentication failed.*postgresql\.authentication\.superuser/);
    expect(await member.postgresPids()).toEqual([]);
    await writeFile(member.file, right);
    member.start();
    await cluster.streaming();
  });
});
