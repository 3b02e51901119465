// Data directories that cannot simply be moved aside: tablespaces elsewhere, mount points; and copies that broke off.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeAside } from '../../../src/postgres/linked-directories.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';
import { eventually } from '../../support/real-clock.ts';

/** Why nothing can be mounted here; undefined: it can. */
function mountsRefused(): string | undefined {
  if (userInfo().uid !== 0) return 'not root';
  const dir = join(tmpdir(), `kornak-mount-${process.pid}`);
  try {
    mkdirSync(dir);
    execFileSync('mount', ['--bind', dir, dir], { stdio: 'pipe' });
    execFileSync('umount', [dir], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `mounting is not permitted: ${String(error).split('\n')[0]}`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const refused = mountsRefused();
if (refused !== undefined) process.stderr.write(`mount points are not tried: ${refused}\n`);

describe('data that are put aside', () => {
  const bench = new PostgresBench();
  const mounted: string[] = [];
  let a: PostgresMember;
  let b: PostgresMember;
  let space: string;

  const directory = (name: string): string => {
    const path = join(bench.dir, name);
    mkdirSync(path, { mode: 0o700 });
    if (bench.account !== undefined) chownSync(path, bench.account.uid, bench.account.gid);
    return path;
  };
  /** A directory bound onto itself: the same device as its parent, and yet it cannot be renamed. */
  const mount = (path: string): void => {
    execFileSync('mount', ['--bind', path, path], { stdio: 'pipe' });
    mounted.push(path);
  };
  const asideOf = (member: PostgresMember): readonly string[] =>
    readdirSync(join(member.options.dataDir, '..')).filter((name) => name.startsWith('data.'));
  /** Names tell moments to the second, and the tests are faster. */
  const clear = async (): Promise<void> => {
    for (const name of asideOf(b)) await removeAside(join(homeOf('b'), name));
  };
  const homeOf = (name: string): string => join(bench.dir, name);
  const copy = () => ({ kind: 'clone', from: a.asTarget(undefined), settings: SETTINGS }) as const;

  beforeAll(async () => {
    a = await bench.primary('a');
    const spaces = directory('spaces');
    const source = directory('spaces/a');
    space = join(spaces, 'b');
    await a.sql(
      `CREATE TABLESPACE elsewhere LOCATION '${source}'`,
      'CREATE TABLE there (n int) TABLESPACE elsewhere',
      'INSERT INTO there VALUES (1)',
    );
    b = await bench.member('b', {
      basebackupOptions: ['--no-sync', `--tablespace-mapping=${source}=${space}`],
    });
  });
  afterAll(async () => {
    for (const path of mounted) execFileSync('umount', ['-l', path], { stdio: 'pipe' });
    await bench.close();
  });

  test('take their tablespaces along, and can be cloned again and again (known failure 76)', async () => {
    for (const work of ['diverged', 'rewind'] as const) {
      await b.done(copy());
      await b.done({ kind: 'startStandby', follow: a.asTarget(undefined), settings: SETTINGS });
      await b.streams();
      expect(await b.sql('SELECT n FROM there')).toEqual([{ n: 1 }]);
      await b.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
      await b.done({ kind: 'setAside', work });
      expect(readdirSync(space)).toEqual([]);
      expect(asideOf(b).filter((name) => name.startsWith(`data.${work}-`))).toHaveLength(1);
    }
    // What went aside is whole: its link leads to its own tablespace.
    const links = join(homeOf('b'), asideOf(b)[0] ?? '', 'pg_tblspc');
    const target = readlinkSync(join(links, readdirSync(links)[0] ?? ''));
    expect(target.startsWith(`${space}.diverged-`)).toBe(true);
    expect(readdirSync(target)[0]).toMatch(/^PG_15_/);
  });

  test('stay where they are, tablespaces too, where they cannot all go', async () => {
    await b.done(copy());
    const spaces = join(space, '..');
    const beside = `${b.options.dataDir}.diverged-`;
    const clock = { ...b.options.clock, wallAt: () => '2030-01-01T00:00:00.000+00:00' };
    const other = await bench.member('other', { ...b.options, memberName: 'other', clock });
    // Somebody has taken the name that the data directory is to have.
    const taken = `${beside}2030-01-01T000000`;
    await clear();
    mkdirSync(taken);
    writeFileSync(join(taken, 'not ours'), '');
    const why = await other.failure({ kind: 'setAside', work: 'diverged' });
    expect(why).toContain('could not be moved');
    expect(readdirSync(space)[0]).toMatch(/^PG_15_/);
    expect(readdirSync(spaces).filter((name) => name.includes('2030'))).toEqual([]);
    expect((await b.observe()).data.kind).toBe('cluster');
    rmSync(taken, { recursive: true });
    await b.done({ kind: 'setAside', work: 'diverged' });
    await clear();
  });

  test('a copy that broke off leaves nothing in the way of the next, though no link tells of its tablespace yet (known failure 76)', async () => {
    await b.done(copy());
    // As an agent and its pg_basebackup leave it that died while the tablespace was copied, before anything else.
    rmSync(join(b.options.dataDir, 'pg_tblspc'), { recursive: true });
    writeFileSync(join(b.options.stateDir, 'unfinished'), 'clone\n');
    writeFileSync(join(b.options.stateDir, 'clone-tablespaces'), space);
    await b.done({ kind: 'setAside', work: 'clone' });
    expect(readdirSync(space)).toEqual([]);
    await b.done(copy());
    expect(existsSync(join(b.options.stateDir, 'clone-tablespaces'))).toBe(false);
    await b.done({ kind: 'setAside', work: 'diverged' });
    await clear();
  });

  test('a copy that did not end in time takes back what it left in a tablespace', async () => {
    const slow = await bench.member('slow', { basebackupOptions: [...b.options.basebackupOptions, '--max-rate=32'] });
    const cut = slow.run(copy(), { withinMs: 4_000 });
    await eventually('the tablespace is being filled', () => readdirSync(space).length > 0);
    expect(readFileSync(join(slow.options.stateDir, 'clone-tablespaces'), 'utf8')).toBe(space);
    expect(await cut).toMatchObject({ kind: 'failed' });
    expect(readdirSync(space)).toEqual([]);
    expect((await slow.observe()).data).toEqual({ kind: 'empty' });
  });

  test('what was in the directory of a tablespace before is kept, and named', async () => {
    writeFileSync(join(space, 'precious'), 'kept');
    const why = await b.failure(copy());
    expect(why).toContain(`move what ${space} holds to another place`);
    expect(readdirSync(space)).toEqual(['precious']);
    expect((await b.observe()).data).toEqual({ kind: 'empty' });
    rmSync(join(space, 'precious'));
  });

  describe.skipIf(refused !== undefined)(`on mount points (${refused ?? 'bind mounts'})`, () => {
    let m: PostgresMember;

    test('nothing of the data is moved or deleted, and people are told what to do', async () => {
      directory('m');
      chmodSync(homeOf('m'), 0o755);
      mkdirSync(join(homeOf('m'), 'data'), { mode: 0o700 });
      if (bench.account !== undefined) chownSync(join(homeOf('m'), 'data'), bench.account.uid, bench.account.gid);
      mount(join(homeOf('m'), 'data'));
      rmSync(space, { recursive: true });
      const { basebackupOptions } = b.options;
      m = await bench.member('m', { basebackupOptions });
      await m.done(copy());
      const before = readdirSync(m.options.dataDir).toSorted();
      const why = await m.failure({ kind: 'setAside', work: 'diverged' });
      expect(why).toContain(
        `${m.options.dataDir} is a mount point: it cannot be moved aside, and nothing in it is deleted`,
      );
      expect(readdirSync(m.options.dataDir).toSorted()).toEqual(before);
      expect(readdirSync(space)[0]).toMatch(/^PG_15_/);
      // What an interrupted copy left, and only that, goes in place.
      writeFileSync(join(m.options.stateDir, 'unfinished'), 'rewind\n');
      expect(await m.failure({ kind: 'setAside', work: 'rewind' })).toContain('is a mount point');
      writeFileSync(join(m.options.stateDir, 'unfinished'), 'clone\n');
      writeFileSync(join(m.options.stateDir, 'clone-tablespaces'), space);
      await m.done({ kind: 'setAside', work: 'clone' });
      expect((await m.observe()).data).toEqual({ kind: 'empty' });
      await m.done(copy());
      await m.done({ kind: 'startStandby', follow: a.asTarget(undefined), settings: SETTINGS });
      await m.streams();
    });

    test('what cannot be kept for want of room is held until people discard it, then rewound', async () => {
      const { options } = m;
      await m.done({ kind: 'cutOff', settings: SETTINGS });
      await m.done({ kind: 'promote', reign: 2, aboveTimeline: 1, settings: SETTINGS });
      await m.sql('INSERT INTO there VALUES (666)');
      await m.done({ kind: 'stop', mode: 'fast', checkpointFirst: false, why: 'test' });
      // A tenth of it is less than one segment of WAL.
      const owner = bench.account === undefined ? '' : `,uid=${bench.account.uid},gid=${bench.account.gid}`;
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=64m,mode=700${owner}`, 'tmpfs', options.stateDir]);
      mounted.push(options.stateDir);
      const recording = {
        kind: 'recordDivergence',
        from: a.asTarget(undefined),
        cause: 'rewind',
        reason: 'a test',
        hold: true,
        mayBeAcknowledged: true,
      } as const;
      const { recorded } = await m.done(recording);
      expect(recorded).toMatchObject({ verdict: 'diverged', isHeld: true });
      const held = await m.server.divergences();
      expect(held).toMatchObject([{ id: recorded?.id, state: 'held', kept: null }]);
      expect((await m.done(recording)).recorded).toEqual(recorded);

      await m.server.discardDivergence(recorded?.id ?? '');
      expect((await m.done(recording)).recorded).toEqual({ ...recorded, isHeld: false });
      const from = a.asTarget(undefined);
      await m.done({ kind: 'rewind', from, settings: SETTINGS, record: recorded?.id ?? '' });
      await m.done({ kind: 'startStandby', follow: from, settings: SETTINGS });
      await m.streams();
      expect(await m.sql('SELECT n FROM there')).toEqual([{ n: 1 }]);
    });
  });
});
