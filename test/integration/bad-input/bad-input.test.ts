import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../../support/free-ports.ts';

const KORNAK = resolve(import.meta.dirname, '../../../bin/kornak');
const SCREEN_LINES = 24;

interface Ended {
  readonly code: number;
  readonly said: string;
}

let dir: string;
let ports: readonly number[];
let taken: Server;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kornak-bad-'));
  await chmod(dir, 0o755);
  ports = await freePorts(4);
  taken = createServer();
  await new Promise<void>((ready) => taken.listen(ports[3], '127.0.0.1', ready));
});
afterAll(async () => {
  taken.close();
  await rm(dir, { recursive: true, force: true });
});

function kornak(...args: string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, [KORNAK, ...args], { cwd: '/', timeout: 30_000 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, said: stdout + stderr });
    });
  });
}

interface Draft {
  restapi: Record<string, unknown>;
  postgresql: Record<string, unknown>;
  [key: string]: unknown;
}

async function fileWith(change: (draft: Draft) => void): Promise<string> {
  const draft: Draft = {
    scope: 'demo',
    name: 'a',
    restapi: { listen: `127.0.0.1:${ports[0]}`, connect_address: `127.0.0.1:${ports[0]}` },
    // Nothing listens there: whatever is refused is refused before the store is asked.
    etcd3: { host: `127.0.0.1:${ports[2]}` },
    bootstrap: { dcs: {} },
    postgresql: {
      listen: `127.0.0.1:${ports[1]}`,
      connect_address: `127.0.0.1:${ports[1]}`,
      data_dir: join(dir, 'data'),
      authentication: {
        superuser: { username: 'postgres', password: 'top-s3cret' },
        replication: { username: 'replicator', password: 'r3pl-s3cret' },
      },
    },
  };
  change(draft);
  const file = join(dir, `${Math.random().toString(36).slice(2)}.yml`);
  await writeFile(file, JSON.stringify(draft, null, 2), { mode: 0o600 });
  return file;
}

async function tree(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true }).catch(() => [])).toSorted((a, b) => (a < b ? -1 : 1));
}

/** Refused: one screen, exit 1, the place named, no secret told, nothing changed below the data directory's parent. */
async function refuses(file: string, ...says: readonly RegExp[]): Promise<void> {
  const before = await tree(dir);
  const { code, said } = await kornak(file);
  expect({ code, said }).toMatchObject({ code: 1 });
  for (const pattern of says) expect(said).toMatch(pattern);
  expect(said.trim().split('\n').length).toBeLessThanOrEqual(SCREEN_LINES);
  expect(said).not.toMatch(/s3cret/);
  expect(said).not.toMatch(/^\s+at .*\.[jt]s:\d+/m);
  expect((await tree(dir)).filter((name) => !before.includes(name))).toEqual([]);
}

describe('the agent refuses, and changes nothing:', () => {
  test('a missing file', () => refuses(join(dir, 'nowhere.yml'), /nowhere\.yml/));

  test('no file at all', async () => {
    const { code, said } = await kornak();
    expect(code).toBe(1);
    expect(said).toMatch(/name a file/);
  });

  test('invalid YAML, by line and column', async () => {
    const file = join(dir, 'broken.yml');
    await writeFile(file, 'scope: demo\nname: [a\nrestapi: {listen\n');
    await refuses(file, /broken\.yml/, /line \d+/, /column \d+/);
  });

  test('wrong types, by the path of the key', async () => {
    const file = await fileWith((draft) => {
      draft.postgresql['listen'] = ['not', 'an', 'address'];
      draft.restapi['listen'] = { host: 'x' };
    });
    await refuses(file, /postgresql\.listen/, /restapi\.listen/);
  });

  test('a REST port that is in use', async () => {
    const file = await fileWith((draft) => {
      draft.restapi['listen'] = `127.0.0.1:${ports[3]}`;
    });
    await refuses(file, new RegExp(`${ports[3]}`), /in use/);
  });

  test('a PostgreSQL port that is in use', async () => {
    const file = await fileWith((draft) => {
      draft.postgresql['listen'] = `127.0.0.1:${ports[3]}`;
    });
    await refuses(file, new RegExp(`${ports[3]}`), /in use/);
  });

  test('a data directory that is not empty and holds no cluster', async () => {
    const data = join(dir, 'foreign');
    await mkdir(data);
    await writeFile(join(data, 'holiday.jpg'), 'not ours');
    const file = await fileWith((draft) => {
      draft.postgresql['data_dir'] = data;
    });
    await refuses(file, /data_dir/, /foreign/);
    expect(await readFile(join(data, 'holiday.jpg'), 'utf8')).toBe('not ours');
  });

  test('data of another major version', async () => {
    const data = join(dir, 'old');
    await mkdir(join(data, 'global'), { recursive: true });
    await mkdir(join(data, 'pg_wal'));
    await writeFile(join(data, 'PG_VERSION'), '11\n');
    await writeFile(join(data, 'global/pg_control'), 'x');
    const file = await fileWith((draft) => {
      draft.postgresql['data_dir'] = data;
    });
    await refuses(file, /11/, /data_dir|PG_VERSION/);
  });

  test('missing PostgreSQL programs, with what to install', async () => {
    const bin = join(dir, 'empty-bin');
    await mkdir(bin);
    const file = await fileWith((draft) => {
      draft.postgresql['bin_dir'] = bin;
    });
    await refuses(file, /bin_dir/, /postgresql/);
  });

  test('a store of another kind, by name', async () => {
    const file = await fileWith((draft) => {
      delete draft['etcd3'];
      draft['consul'] = { host: '127.0.0.1:8500' };
    });
    await refuses(file, /consul/, /etcd3/);
  });
});

describe('--validate-config', () => {
  const errorsOf = (said: string) => said.split('\n').filter((line) => line !== '' && !line.startsWith('warning: '));

  test('finds no error in a good file', async () => {
    const { code, said } = await kornak('--validate-config', await fileWith(() => undefined));
    expect({ code, errors: errorsOf(said) }).toEqual({ code: 0, errors: [] });
  });

  test('tells one line an error', async () => {
    const file = await fileWith((draft) => {
      draft.restapi['listen'] = 17;
      delete draft['scope'];
    });
    const { code, said } = await kornak('--validate-config', file);
    expect(code).toBe(1);
    expect(errorsOf(said).map((line) => line.split(': ')[1])).toEqual(
      expect.arrayContaining(['scope', 'restapi.listen']),
    );
    expect(errorsOf(said)).toHaveLength(2);
  });

  test('takes a store that does not answer for an error only when strict', async () => {
    const { code, said } = await kornak('--validate-config', '--strict', await fileWith(() => undefined));
    expect(code).toBe(1);
    expect(said).toMatch(/etcd/);
  });
});

test('--version and --help', async () => {
  expect(await kornak('--version')).toMatchObject({ code: 0, said: expect.stringMatching(/\d+\.\d+\.\d+/) as string });
  expect(await kornak('--help')).toMatchObject({ code: 0, said: expect.stringMatching(/usage/i) as string });
});
