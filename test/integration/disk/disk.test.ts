// Sick disks and servers under a whole cluster: who notices, who leads then, and what of the acknowledged is still there.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { LoopDisk, loopDisksRefused } from '../../support/loop-disk.ts';

const refused = loopDisksRefused();
if (refused !== undefined) process.stderr.write(`disk faults are not tried: ${refused}\n`);

describe.skipIf(refused !== undefined)(`a cluster on disks that fail (${refused ?? 'loop devices'})`, () => {
  let cluster: TestCluster;
  let writer: CountingWriter;
  const disks = new Map<string, LoopDisk>();

  beforeAll(async () => {
    cluster = await prepareCluster({
      dcs: { synchronous_mode: true, kornak: { health_timeout: 2, leader_ttl: 3 } },
    });
    for (const member of cluster.members) {
      disks.set(member.name, new LoopDisk(join(cluster.dir, `${member.name}.img`), member.dataDir, 'postgres'));
    }
    cluster.startAll();
    await cluster.streaming();
    await cluster.synchronous();
    writer = new CountingWriter(cluster);
    await writer.start();
  }, 90_000);

  afterAll(async () => {
    for (const disk of disks.values()) await disk.thaw().catch(() => undefined);
    await writer?.stop();
    await cluster?.stop().catch(() => undefined);
    for (const disk of disks.values()) disk.dispose();
    await cluster?.stop().catch(() => undefined);
  });

  const diskOf = (member: TestMember): LoopDisk => {
    const disk = disks.get(member.name);
    if (disk === undefined) throw new Error(`no disk for ${member.name}`);
    return disk;
  };

  async function explained(member: TestMember): Promise<Record<string, unknown>> {
    return (await member.api('/kornak/explain')).json;
  }

  async function nothingLost(): Promise<void> {
    await cluster.streaming();
    await cluster.synchronous();
    await writer.acknowledges();
    // What is acknowledged while this looks may be later than what it sees.
    const settled = new Set(writer.acknowledged);
    const lost = (await writer.lost()).filter((number) => settled.has(number));
    expect(lost).toEqual([]);
  }

  async function memberValue(member: TestMember): Promise<string> {
    const lines = (await cluster.storeDump()).split('\n');
    return lines.find((line) => line.includes(`/members/${member.name} `)) ?? '';
  }

  const tellOnFailure = (): void =>
    onTestFailed(async () => {
      process.stderr.write(`${await cluster.lastWords()}\n`);
    });

  test('a frozen disk under the leader: another leads, and the old one is not fenced before it is gone', async () => {
    tellOnFailure();
    const before = await cluster.streaming();
    await diskOf(before).freeze();
    const after = await cluster.primary(30_000, before);
    expect(after.name).not.toBe(before.name);
    await writer.acknowledges();
    // The agent answers, and tells that what it killed is still there.
    await until('it says that it is not fenced', async () => {
      const { health } = (await explained(before)) as { health?: { unfenced?: number } };
      return (health?.unfenced ?? 0) > 0 && (await memberValue(before)).includes('"unfenced":');
    });
    expect(await memberValue(before)).toContain('"state":"stop failed"');
    expect((await before.api('/primary')).status).toBe(503);
    const listed = await cluster.ctl('list');
    expect(listed.stdout).toContain('not fenced');
    await diskOf(before).thaw();
    await nothingLost();
    await until('nothing is told against it any more', async () => !(await memberValue(before)).includes('unf'));
  }, 90_000);

  test('a frozen disk under a replica does not disturb the leader', async () => {
    tellOnFailure();
    const leader = await cluster.streaming();
    const [replica] = cluster.others(leader);
    if (replica === undefined) throw new Error('no replica');
    await diskOf(replica).freeze();
    await until('its disk is told of', async () => (await memberValue(replica)).includes('"unfit":"stalled"'));
    await writer.acknowledges();
    expect((await replica.api('/liveness')).status).toBe(200);
    await diskOf(replica).thaw();
    await nothingLost();
    expect((await cluster.primary()).name).toBe(leader.name);
  }, 90_000);

  test('a frozen postmaster is noticed by new connections, and another member leads', async () => {
    tellOnFailure();
    const before = await cluster.streaming();
    const [postmaster] = await before.sql("select pg_read_file('postmaster.pid') as pid");
    const pid = Number.parseInt(String(postmaster?.['pid']), 10);
    process.kill(pid, 'SIGSTOP');
    // Clients go on over the connections that they have: for that long it may only be busy.
    const after = await cluster.primary(60_000, before);
    expect(after.name).not.toBe(before.name);
    await nothingLost();
    expect(JSON.stringify((await explained(before))['cluster_events'])).toContain('answers no new connection');
  }, 120_000);

  test('a read-only disk under the leader: another leads once it has everything', async () => {
    tellOnFailure();
    const before = await cluster.streaming();
    await diskOf(before).makeReadOnly();
    const after = await cluster.primary(30_000, before);
    expect(after.name).not.toBe(before.name);
    await writer.acknowledges();
    await until('PostgreSQL is gone', async () => (await before.postgresPids()).length === 0);
    await until('it does not start there', async () =>
      JSON.stringify(await explained(before)).includes('PostgreSQL is not started'),
    );
    // As somebody would who swaps a disk: nobody works on it meanwhile.
    await before.killNode();
    await diskOf(before).replace();
    await rm(`${before.dataDir}.kornak`, { recursive: true });
    before.start();
    await nothingLost();
  }, 90_000);

  test('a full disk under the leader: it hands over to a member with room', async () => {
    tellOnFailure();
    const before = await cluster.streaming();
    await diskOf(before).fill();
    const after = await cluster.primary(40_000, before);
    expect(after.name).not.toBe(before.name);
    await writer.acknowledges();
    diskOf(before).unfill();
    await nothingLost();
  }, 90_000);
});
