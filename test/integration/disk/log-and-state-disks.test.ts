// PostgreSQL's log and the agent's own state on disks that fail: told, and no reason to fail over while PostgreSQL serves.
import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { CountingWriter } from '../../support/counting-writer.ts';
import { prepareCluster, type TestCluster, type TestMember, until } from '../../support/kornak-cluster.ts';
import { LoopDisk, loopDisksRefused } from '../../support/loop-disk.ts';

const refused = loopDisksRefused();
if (refused !== undefined) process.stderr.write(`faults of log and state disks are not tried: ${refused}\n`);

describe.skipIf(refused !== undefined)(
  `log and state directories on disks that fail (${refused ?? 'loop devices'})`,
  () => {
    let cluster: TestCluster;
    let writer: CountingWriter;
    const disks = new Map<string, LoopDisk>();

    beforeAll(async () => {
      cluster = await prepareCluster({ dcs: { synchronous_mode: true, kornak: { health_timeout: 2, leader_ttl: 3 } } });
      for (const member of cluster.members) {
        for (const use of ['log', 'state']) {
          const path = join(member.dir, use);
          disks.set(
            `${member.name} ${use}`,
            new LoopDisk(join(cluster.dir, `${member.name}-${use}.img`), path, 'postgres'),
          );
        }
        putOnDisks(member);
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

    function putOnDisks({ file, dir }: TestMember): void {
      const { uid, gid } = statSync(file);
      const written = JSON.parse(readFileSync(file, 'utf8')) as { postgresql: { parameters: Record<string, unknown> } };
      const { postgresql } = written;
      const logging = { logging_collector: 'on', log_directory: join(dir, 'log') };
      const parameters = { ...postgresql.parameters, ...logging };
      const kornak = { state_dir: join(dir, 'state') };
      writeFileSync(file, JSON.stringify({ ...written, postgresql: { ...postgresql, parameters }, kornak }));
      chownSync(file, uid, gid);
    }

    const diskOf = (member: TestMember, use: 'log' | 'state'): LoopDisk => {
      const disk = disks.get(`${member.name} ${use}`);
      if (disk === undefined) throw new Error(`no ${use} disk for ${member.name}`);
      return disk;
    };

    const isTold = (member: TestMember, use: 'log' | 'state', state: string): Promise<unknown> =>
      until(`${member.name} tells that its ${use} directory is ${state}`, async () => {
        const { health } = (await member.api('/kornak/explain')).json as {
          health?: { storage?: readonly { use?: string; state?: string }[] };
        };
        return health?.storage?.some((volume) => volume.use === use && volume.state === state) === true;
      });

    /** Longer than it takes to find somebody unfit, and than a lease. */
    async function leadsOn(leader: TestMember): Promise<void> {
      const beganMs = performance.now();
      while (performance.now() - beganMs < 2_500) {
        await writer.acknowledges();
        expect((await leader.api('/primary')).status).toBe(200);
        await until('a moment later', () => performance.now() - beganMs > 500);
      }
    }

    async function nothingLost(): Promise<void> {
      await cluster.streaming();
      await cluster.synchronous();
      await writer.acknowledges();
      const settled = new Set(writer.acknowledged);
      expect((await writer.lost()).filter((number) => settled.has(number))).toEqual([]);
    }

    const tellOnFailure = (): void =>
      onTestFailed(async () => {
        process.stderr.write(`${await cluster.lastWords()}\n`);
      });

    test('a frozen state directory of the leader: it leads on', async () => {
      tellOnFailure();
      const leader = await cluster.streaming();
      await diskOf(leader, 'state').freeze();
      await isTold(leader, 'state', 'stalled');
      await leadsOn(leader);
      await diskOf(leader, 'state').thaw();
      await isTold(leader, 'state', 'ok');
      expect(await cluster.streaming()).toBe(leader);
    }, 60_000);

    test('a full log directory of the leader: it leads on', async () => {
      tellOnFailure();
      const leader = await cluster.streaming();
      await diskOf(leader, 'log').fill();
      await isTold(leader, 'log', 'full');
      await leadsOn(leader);
      diskOf(leader, 'log').unfill();
      await isTold(leader, 'log', 'ok');
      expect(await cluster.streaming()).toBe(leader);
    }, 60_000);

    test('a frozen log directory of the leader: it leads on as long as it serves; one that hangs in its log is replaced', async () => {
      tellOnFailure();
      const leader = await cluster.streaming();
      await diskOf(leader, 'log').freeze();
      await isTold(leader, 'log', 'stalled');
      await leadsOn(leader);
      // The pipe to the log's writer is full: whoever has something to log now hangs, and so does who connects.
      await leader.sql("alter system set log_connections = 'on'");
      await leader.sql('select pg_reload_conf()');
      const flood = `do $$ begin for i in 1..100 loop raise log '%', repeat('x', 8000); end loop; end $$`;
      void leader.sql(flood).catch(() => undefined);
      // Clients go on over the connections that they have: for that long it may only be busy.
      const after = await cluster.primary(60_000, leader);
      expect(after.name).not.toBe(leader.name);
      await writer.acknowledges();
      await diskOf(leader, 'log').thaw();
      await nothingLost();
    }, 120_000);

    test('a read-only log directory, and a read-only state directory, of the leader: it leads on', async () => {
      tellOnFailure();
      const leader = await cluster.streaming();
      await diskOf(leader, 'log').makeReadOnly();
      await isTold(leader, 'log', 'readOnly');
      await leadsOn(leader);
      await diskOf(leader, 'state').makeReadOnly();
      await isTold(leader, 'state', 'readOnly');
      await leadsOn(leader);
      expect(await cluster.streaming()).toBe(leader);
      await nothingLost();
    }, 60_000);
  },
);
