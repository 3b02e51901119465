// A cluster made by a program of the user's: a copy of another one, and one restored from a backup to a later point.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareCluster, type TestCluster, until } from '../../support/kornak-cluster.ts';
import { PostgresBench, type PostgresMember, SETTINGS } from '../../support/postgres-member.ts';

const LATE_MS = 60_000;
const DCS = { loop_wait: 2, postgresql: { parameters: { max_wal_senders: 10 } } };

describe('another cluster, with passwords of its own', () => {
  const bench = new PostgresBench();
  const clusters: TestCluster[] = [];
  let source: PostgresMember;
  let archive: string;

  const owned = (path: string): string => {
    if (bench.account !== undefined) chownSync(path, bench.account.uid, bench.account.gid);
    return path;
  };
  const directory = (name: string): string => {
    const path = join(bench.dir, name);
    mkdirSync(path, { mode: 0o755 });
    return owned(path);
  };
  const script = (name: string, text: string): string => {
    const path = join(bench.dir, name);
    writeFileSync(
      path,
      `#!/bin/bash\nset -e\nfor arg in "$@"; do case $arg in --datadir=*) D="\${arg#*=}";; --backup=*) B="\${arg#*=}";; esac; done\n${text}\n`,
    );
    chmodSync(path, 0o755);
    return path;
  };
  const copyOf = (to: string): string =>
    `PGPASSWORD='r3pl:s3cret' pg_basebackup -D ${to} -h 127.0.0.1 -p ${source.options.port} -U replicator -X stream -c fast`;
  const cluster = async (
    options: Parameters<typeof prepareCluster>[0],
    methods: Readonly<Record<string, unknown>> = {},
  ): Promise<TestCluster> => {
    const made = await prepareCluster(options);
    clusters.push(made);
    for (const { file } of made.members) {
      const written = JSON.parse(readFileSync(file, 'utf8')) as { postgresql: Record<string, unknown> };
      writeFileSync(file, JSON.stringify({ ...written, postgresql: { ...written.postgresql, ...methods } }));
    }
    made.startAll();
    return made;
  };

  beforeAll(async () => {
    archive = directory('archive');
    const settings = {
      ...SETTINGS,
      parameters: { ...SETTINGS.parameters, archive_mode: 'on', archive_command: `cp %p ${archive}/%f` },
    };
    source = await bench.primary('source', settings);
    await source.sql('CREATE TABLE theirs (n int)', 'INSERT INTO theirs VALUES (1)');
  });
  afterAll(async () => {
    for (const made of clusters) await made.stop();
    await bench.close();
  });

  test('K1: is copied by a custom method; a replica falls through to the method that works', async () => {
    const command = script('copy.sh', `export PATH=/usr/lib/postgresql/15/bin:$PATH\n${copyOf('"$D"')}`);
    const told = join(bench.dir, 'told');
    writeFileSync(told, '');
    owned(told);
    const tell = script('tell.sh', `echo "$@" > ${told}\nexit 1`);
    const made = await cluster(
      {
        scope: 'copied',
        members: ['a', 'b'],
        more: (name) =>
          name === 'a' ? { bootstrap: { method: 'copy', copy: { command }, dcs: DCS } } : { bootstrap: undefined },
      },
      {
        create_replica_methods: ['broken', 'tell', 'basebackup'],
        broken: { command: '/bin/false' },
        tell: { command: tell, level: 3 },
      },
    );
    const primary = await made.primary(LATE_MS);
    expect(primary.name).toBe('a');
    expect(await primary.sql('select n from theirs')).toEqual([{ n: 1 }]);
    expect(await primary.sql('select timeline_id from pg_control_checkpoint()')).toEqual([{ timeline_id: 1 }]);
    await made.streaming(1, LATE_MS);
    expect(readFileSync(told, 'utf8')).toMatch(
      /^--level=3 --scope=copied --role=replica --datadir=.*\/b\/data --connstring=user=replicator host=127\.0\.0\.1 port=\d+\n$/,
    );
    expect(await made.member('b').log()).toContain('create_replica_methods: broken failed');
  });

  test('without a leader only a program that needs none fills the directory, and is told of none', async () => {
    const told = join(bench.dir, 'alone-told');
    writeFileSync(told, '');
    owned(told);
    const text = `export PATH=/usr/lib/postgresql/15/bin:$PATH\necho "$@ [$PGPASSFILE]" > ${told}\n${copyOf('"$D"')}`;
    const method = { extras: ['--no_leader=True'], withParams: true };
    const from = await bench.member('alone', {
      replicaMethods: [
        'basebackup',
        { ...method, name: 'needs', words: ['/bin/false'], needsNoLeader: false },
        { ...method, name: 'alone', words: [script('alone.sh', text)], needsNoLeader: true },
      ],
    });
    await from.done({ kind: 'clone', from: undefined, settings: SETTINGS });
    expect(readFileSync(told, 'utf8')).toBe(
      `--no_leader=True --scope=bench --role=replica --datadir=${from.options.dataDir} --connstring= []\n`,
    );
    expect((await from.observe()).data).toMatchObject({ kind: 'cluster', standbySignal: true });
    const none = await bench.member('none');
    expect(await none.failure({ kind: 'clone', from: undefined, settings: SETTINGS })).toContain('no_leader');
  });

  /** Writes what it was told and what it finds; fails the first time. */
  const postInit = (told: string): string => {
    const path = join(bench.dir, 'post-init.sh');
    const roles = `psql -XAtw "$1" -c "select string_agg(rolname, ' ' order by rolname) from pg_roles where rolname !~ '^pg_'"`;
    const lines = [
      `socket=$(sed -E 's/.*host=(\\S+) port=([0-9]+).*/\\1\\/.s.PGSQL.\\2/' <<< "$1")`,
      `echo "$1 | $PGOPTIONS | $(${roles}) | $(cat "$PGPASSFILE" | wc -l) | $(stat -c %a "$socket")" >> ${told}`,
      `[ $(wc -l < ${told}) -gt 1 ] || exit 3`,
      `psql -Xqw "$1" -c 'create role app' -c 'create table made_by_post_init ()'`,
    ];
    writeFileSync(path, `#!/bin/bash\nset -e\n${lines.join('\n')}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  test('K2: is restored from a backup, with recovery settings and further keys as arguments; post_init decides whether it stands', async () => {
    const told = join(bench.dir, 'post-init-told');
    writeFileSync(told, '');
    owned(told);
    await source.sql('DROP OWNED BY rewinder', 'DROP ROLE rewinder');
    const backup = join(bench.dir, 'backup');
    const asPostgres = bench.account === undefined ? [] : ['runuser', '-u', 'postgres', '--'];
    directory('backup');
    execFileSync([...asPostgres, '/bin/bash'][0] ?? '', [
      ...[...asPostgres, '/bin/bash'].slice(1),
      '-c',
      `export PATH=/usr/lib/postgresql/15/bin:$PATH; ${copyOf(backup)}`,
    ]);
    await source.sql('INSERT INTO theirs VALUES (2)', 'SELECT pg_switch_wal()');
    await until('the row is archived', async () => {
      const [row] = await source.sql('SELECT archived_count::int AS n FROM pg_stat_archiver');
      return Number(row?.['n']) > 1;
    });
    const made = await cluster({
      scope: 'restored',
      members: ['a', 'b'],
      more: (name) => ({
        bootstrap:
          name === 'a'
            ? {
                method: 'restore',
                restore: {
                  command: script('restore.sh', 'cp -a "$B/." "$D/"'),
                  no_params: false,
                  backup,
                  recovery_conf: { restore_command: `cp ${archive}/%f %p`, recovery_target_timeline: 'latest' },
                },
                post_init: postInit(told),
                dcs: DCS,
              }
            : undefined,
      }),
    });
    const a = made.member('a');
    expect(await a.exited(LATE_MS)).toBe(1);
    expect(await a.log()).toContain('post_bootstrap failed (exit code 3)');
    // Undone whole, and nothing thrown away.
    const left = await readdir(a.dir);
    expect(left.filter((name) => name.startsWith('data.bootstrap-'))).toHaveLength(1);
    expect(await readdir(a.dataDir)).toEqual([]);
    expect(await a.postgresPids()).toEqual([]);
    expect((await made.ctl('list')).stdout).not.toMatch(/\d{15,}/);
    a.start();
    const primary = await made.primary(LATE_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await made.lastWords()}`, { cause: error });
    });
    const rows = await primary.sql('select n from theirs order by n');
    expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await primary.sql('select timeline_id from pg_control_checkpoint()')).toEqual([{ timeline_id: 2 }]);
    await made.streaming(1, LATE_MS);
    expect(await primary.sql('select count(*)::int as n from made_by_post_init')).toEqual([{ n: 0 }]);
    // A connection string without a password, before the roles of this cluster are there, and a socket for nobody else.
    const [, second = ''] = readFileSync(told, 'utf8').split('\n');
    expect(second).toMatch(
      /^dbname=postgres user=postgres host=\S+ port=\d+ \| -c synchronous_commit=local -c statement_timeout=0 \| [a-z ]*postgres[a-z ]* \| \d+ \| 700$/,
    );
    expect(second).not.toContain('rewinder');
    expect(await primary.sql("select rolname from pg_roles where rolname in ('rewinder', 'app') order by 1")).toEqual([
      { rolname: 'app' },
      { rolname: 'rewinder' },
    ]);
  });
});
