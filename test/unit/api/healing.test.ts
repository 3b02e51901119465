// /reinitialize and /kornak/divergence, the records being real files.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiServer, createApiServer } from '../../../src/api/server.ts';
import type { DivergenceRecord } from '../../../src/core/model/divergence-record.ts';
import { Redacted } from '../../../src/core/model/redacted.ts';
import type { DeskOutcome } from '../../../src/ports/desk.ts';
import { discardRecord, readRecords, walDirOf, writeRecord } from '../../../src/postgres/divergence-archive.ts';
import type { PostgresOptions } from '../../../src/postgres/options.ts';
import { realClock } from '../../support/real-clock.ts';
import { FakeDesk } from './a-desk.ts';
import { aPrimary, aSnapshot, aView, HELD, TWO } from './snapshots.ts';

const ID = '20261126T030000';
const LEADER = aSnapshot({ view: aView(TWO), sql: aPrimary(), lease: HELD });
const PASSWORD = { Authorization: `Basic ${btoa('admin:s3cret')}` };

let home: string;
let desk: FakeDesk;
let options: PostgresOptions;
let server: ApiServer | undefined;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'kornak-api-'));
  options = optionsIn(home);
  await writeRecord(options, record());
  mkdirSync(walDirOf(options, ID), { recursive: true });
  writeFileSync(join(walDirOf(options, ID), '000000010000000000000003'), 'wal');
  mkdirSync(`${options.dataDir}.diverged-2026-11-26T030000`);
  desk = new FakeDesk(LEADER);
  desk.divergences = () => readRecords(options);
  desk.discardDivergence = async (id): Promise<DeskOutcome<DivergenceRecord>> => {
    desk.asked.push(id);
    const found = await discardRecord(options, id);
    return found === undefined
      ? { kind: 'absent', why: `there is no divergence ${id}` }
      : { kind: 'done', value: found };
  };
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(home, { recursive: true, force: true });
});

function optionsIn(dir: string): PostgresOptions {
  const login = { username: 'x', password: undefined };
  return {
    dataDir: join(dir, 'data'),
    stateDir: join(dir, 'data.kornak'),
    listenAddresses: '127.0.0.1',
    port: 1,
    localHost: '127.0.0.1',
    database: 'postgres',
    superuser: login,
    replication: login,
    localParameters: {},
    initdbOptions: [],
    usePgRewind: true,
    basebackupOptions: [],
    scope: 'batman',
    memberName: 'postgresql0',
    clock: realClock,
  };
}

function record(): DivergenceRecord {
  return {
    id: ID,
    member: 'postgresql0',
    systemId: '1',
    at: '2026-11-26T03:00:00+00:00',
    cause: 'rewind',
    reason: 'a test',
    verdict: 'diverged',
    leader: { member: 'postgresql1', timeline: 2 },
    timeline: 1,
    fork: { timeline: 1, lsn: '0/3000000' },
    end: '0/3000100',
    bytes: 256,
    mayBeAcknowledged: true,
    transactions: { committed: 1, aborted: 0 },
    relations: [{ name: 'postgres: public.t', records: 1 }],
    notes: [],
    kept: { directory: walDirOf(options, ID), files: ['000000010000000000000003'], bytes: 3 },
    setAside: `${options.dataDir}.diverged-2026-11-26T030000`,
    state: 'held',
  };
}

interface Ask {
  readonly method: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The path goes out as it is written here. */
async function ask(path: string, { method, body, headers = {} }: Ask): Promise<{ status: number; body: string }> {
  server ??= createApiServer(desk, {
    listen: { host: '127.0.0.1', port: 0 },
    authentication: { username: 'admin', password: new Redacted('s3cret') },
    scope: 'batman',
    name: 'postgresql0',
    log: { log: () => undefined },
  });
  if (server.address() === undefined) await server.start();
  const { port } = server.address() ?? { port: 0 };
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { ...length, ...headers }, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Everything below the test's own directory. */
const everything = (): readonly string[] => readdirSync(home, { recursive: true }).map(String).toSorted();

describe('what changes something', () => {
  test.each([
    ['POST', '/reinitialize'],
    ['DELETE', `/kornak/divergence/${ID}`],
  ])('%s %s asks for the password', async (method, path) => {
    const before = everything();
    const wrong = { Authorization: `Basic ${btoa('admin:wrong')}` };
    expect((await ask(path, { method })).status).toBe(401);
    expect((await ask(path, { method, headers: wrong })).status).toBe(401);
    expect(desk.asked).toEqual([]);
    expect(everything()).toEqual(before);
  });

  test.each([
    // What is no endpoint is a check of who leads.
    ['GET', '/reinitialize', 503],
    ['PUT', '/reinitialize', 501],
    ['DELETE', '/reinitialize', 501],
    ['POST', '/kornak/divergence', 501],
    ['PATCH', `/kornak/divergence/${ID}`, 501],
  ] as const)('%s %s does nothing of the kind', async (method, path, status) => {
    expect((await ask(path, { method, headers: PASSWORD })).status).toBe(status);
    expect(desk.asked).toEqual([]);
  });
});

describe('POST /reinitialize', () => {
  test.each([
    [undefined, { force: false, fromLeader: false }],
    ['', { force: false, fromLeader: false }],
    ['{}', { force: false, fromLeader: false }],
    ['{"force":true}', { force: true, fromLeader: false }],
    ['{"from_leader":true}', { force: false, fromLeader: true }],
    ['{"from-leader":true,"force":false}', { force: false, fromLeader: true }],
  ])('with the body %j', async (body, how) => {
    const given = { method: 'POST', headers: PASSWORD, ...(body === undefined ? {} : { body }) };
    expect(await ask('/reinitialize', given)).toEqual({ status: 200, body: 'reinitialize started' });
    expect(desk.asked).toEqual([how]);
  });

  test.each(['{"force":1}', '{"force":"yes"}', '{"from_leader":null,"from-leader":"x"}', '[]', '{', 'null', '"force"'])(
    'the body %j is refused and changes nothing',
    async (body) => {
      expect((await ask('/reinitialize', { method: 'POST', headers: PASSWORD, body })).status).toBe(400);
      expect(desk.asked).toEqual([]);
    },
  );

  test.each<[DeskOutcome<string>, string]>([
    [{ kind: 'notDone', why: 'I am the leader, can not reinitialize' }, 'I am the leader, can not reinitialize'],
    [{ kind: 'notDone', why: 'clone already in progress' }, 'clone already in progress'],
    [{ kind: 'unknown', why: 'not in time' }, 'not in time'],
    [{ kind: 'conflict' }, 'somebody else was faster'],
  ])('%j is told with 503', async (outcome, text) => {
    desk.reinitializing = outcome;
    expect(await ask('/reinitialize', { method: 'POST', headers: PASSWORD })).toEqual({ status: 503, body: text });
  });
});

describe('/kornak/divergence', () => {
  test('lists without a password, and shows one whole', async () => {
    const list = await ask('/kornak/divergence', { method: 'GET' });
    expect(JSON.parse(list.body)).toMatchObject({ divergences: [{ id: ID, relations: 1, kept_bytes: 3 }] });
    const one = await ask(`/kornak/divergence/${ID}`, { method: 'GET' });
    expect(JSON.parse(one.body)).toEqual(record());
  });

  test('what cannot be read is told', async () => {
    desk.divergences = () => Promise.reject(new Error('EIO'));
    const answer = await ask('/kornak/divergence', { method: 'GET' });
    expect([answer.status, answer.body]).toEqual([503, expect.stringContaining('EIO')]);
  });

  test('discards what is kept, a line of it stays, and a second time nothing more happens', async () => {
    const gone = { status: 200, body: `divergence ${ID} is discarded` };
    expect(await ask(`/kornak/divergence/${ID}`, { method: 'DELETE', headers: PASSWORD })).toEqual(gone);
    expect(existsSync(walDirOf(options, ID))).toBe(false);
    expect(existsSync(`${options.dataDir}.diverged-2026-11-26T030000`)).toBe(false);
    const after = everything();
    expect(await ask(`/kornak/divergence/${ID}`, { method: 'DELETE', headers: PASSWORD })).toEqual(gone);
    expect(everything()).toEqual(after);
    const one = await ask(`/kornak/divergence/${ID}`, { method: 'GET' });
    expect(JSON.parse(one.body)).toMatchObject({ state: 'discarded', kept: null, setAside: null });
  });

  test('two who discard at once do no harm', async () => {
    const given = { method: 'DELETE', headers: PASSWORD };
    const answers = await Promise.all([1, 2, 3].map(() => ask(`/kornak/divergence/${ID}`, given)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await readRecords(options)).toMatchObject([{ id: ID, state: 'discarded' }]);
  });

  test.each([
    '20261126T030001',
    '..',
    '../..',
    '../data',
    '%2e%2e%2fdata',
    `${ID}/..`,
    `${ID}/../../data`,
    `..%2f${ID}`,
    `${ID}.json`,
    `${ID}%00`,
    '*',
    'constructor',
    '__proto__',
    'x'.repeat(4_000),
  ])('%s names no record: 404, and nothing is deleted', async (id) => {
    const before = everything();
    expect((await ask(`/kornak/divergence/${id}`, { method: 'GET' })).status).toBe(404);
    expect((await ask(`/kornak/divergence/${id}`, { method: 'DELETE', headers: PASSWORD })).status).toBe(404);
    expect(everything()).toEqual(before);
  });

  test.each(['/kornak/divergence', '/kornak/divergence/', '/kornak/divergence?id=x'])(
    'DELETE %s says which one is missing',
    async (path) => {
      const answer = await ask(path, { method: 'DELETE', headers: PASSWORD });
      expect(answer).toEqual({ status: 400, body: 'say which one: /kornak/divergence/ID' });
      expect(desk.asked).toEqual([]);
    },
  );

  test('a record that names a directory of somebody else for moved data has nothing of it deleted', async () => {
    const foreign = join(home, 'precious');
    mkdirSync(foreign);
    await writeRecord(options, { ...record(), setAside: foreign });
    expect((await ask(`/kornak/divergence/${ID}`, { method: 'DELETE', headers: PASSWORD })).status).toBe(200);
    expect(existsSync(foreign)).toBe(true);
  });

  test('what fails is told', async () => {
    desk.discardDivergence = () => Promise.reject(new Error('EROFS'));
    const answer = await ask(`/kornak/divergence/${ID}`, { method: 'DELETE', headers: PASSWORD });
    expect([answer.status, answer.body]).toEqual([503, expect.stringContaining('EROFS')]);
  });
});
