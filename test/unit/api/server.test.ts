import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { CONTRACT } from '../../../src/api/contract.ts';
import { type ApiServer, createApiServer } from '../../../src/api/server.ts';
import { Redacted } from '../../../src/core/model/redacted.ts';
import { FakeDesk } from './a-desk.ts';
import { aPrimary, aSnapshot, aStandby, aView, HELD, TWO } from './snapshots.ts';

const LEADER = aSnapshot({
  view: aView({
    ...TWO,
    history: '[[1,67417464,"no recovery target specified","2026-11-23T06:38:49.683356+00:00","postgresql1"]]',
  }),
  sql: aPrimary(),
  lease: HELD,
});

const servers: ApiServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Started {
  readonly desk: FakeDesk;
  readonly port: number;
  readonly logged: string[];
}

async function started(desk = new FakeDesk(LEADER), withPassword = false): Promise<Started> {
  const logged: string[] = [];
  const server = createApiServer(desk, {
    listen: { host: '127.0.0.1', port: 0 },
    authentication: withPassword ? { username: 'admin', password: new Redacted('s3cret:ü') } : undefined,
    scope: 'batman',
    name: 'postgresql0',
    log: {
      log(level, text, fields) {
        logged.push(`${level} ${text} ${JSON.stringify(fields)}`);
      },
    },
  });
  servers.push(server);
  await server.start();
  return { desk, port: server.address()?.port ?? 0, logged };
}

interface Reply {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
  readonly challenge: string | undefined;
  readonly warning: string | undefined;
}

interface Ask {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(port: number, path: string, { method = 'GET', body, headers = {} }: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { ...length, ...headers }, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          resolve({
            status: answer.statusCode,
            type: answer.headers['content-type'],
            body: text,
            challenge: answer.headers['www-authenticate'],
            warning: answer.headers.warning,
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** What comes back for these very bytes until the server closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {
      resolve(text);
    });
    socket.on('close', () => {
      resolve(text);
    });
    socket.end(bytes, 'latin1');
  });
}

test.each<{
  readonly path: string;
  readonly method?: string;
  readonly status: number;
  readonly type: string | undefined;
  readonly body?: string;
}>([
  { path: '/', status: 200, type: 'application/json' },
  { path: '/primary', status: 200, type: 'application/json' },
  { path: '/replica', status: 503, type: 'application/json' },
  { path: '/nothing/of/the/kind?lag=1', status: 503, type: 'application/json' },
  { path: '/patroni', status: 200, type: 'application/json' },
  { path: '/patroni/anything?x=1', status: 200, type: 'application/json' },
  { path: '/patronix', status: 503, type: 'application/json' },
  { path: '/cluster', status: 200, type: 'application/json' },
  { path: '/config', status: 200, type: 'application/json', body: '{"ttl": 30}' },
  {
    path: '/history',
    status: 200,
    type: 'application/json',
    body: '[[1, 67417464, "no recovery target specified", "2026-11-23T06:38:49.683356+00:00", "postgresql1"]]',
  },
  { path: '/liveness', status: 200, type: undefined, body: '' },
  { path: '/readiness', status: 200, type: undefined, body: '' },
  { path: '/', method: 'OPTIONS', status: 200, type: undefined, body: '' },
  { path: '/primary', method: 'HEAD', status: 200, type: undefined, body: '' },
  { path: '/replica?lag=10MB', method: 'OPTIONS', status: 503, type: undefined, body: '' },
  { path: '/patroni', method: 'HEAD', status: 503, type: undefined, body: '' },
  { path: '/liveness', method: 'OPTIONS', status: 503, type: undefined, body: '' },
  { path: '//primary', status: 200, type: 'application/json' },
  { path: 'http://elsewhere/primary?x', status: 200, type: 'application/json' },
  { path: '/%00%ff', status: 503, type: 'application/json' },
  { path: `/${'x'.repeat(8_000)}`, status: 503, type: 'application/json' },
])('$method $path answers $status', async ({ path, method, status, type, body }) => {
  const { port } = await started();
  const reply = await ask(port, path, method === undefined ? {} : { method });
  expect(reply).toMatchObject({ status, type });
  if (body !== undefined) expect(reply.body).toBe(body);
});

test('before the first cycle every check is bad, and who is asked is told', async () => {
  const { port } = await started(new FakeDesk());
  expect(await ask(port, '/primary')).toMatchObject({ status: 503 });
  const status = await ask(port, '/patroni');
  expect(status).toMatchObject({ status: 200 });
  expect(status.body).toContain('"patroni": {"scope": "batman", "name": "postgresql0"}');
  expect(await ask(port, '/cluster')).toMatchObject({ status: 503, body: 'the store does not answer' });
  expect(await ask(port, '/kornak/explain')).toMatchObject({ status: 503 });
  expect(await ask(port, '/liveness')).toMatchObject({ status: 200 });
});

test.each([
  { path: '/failover', method: 'DELETE' },
  { path: '/foo', method: 'PUT' },
  { path: '/patroni', method: 'POST' },
  { path: '/kornak', method: 'POST' },
  { path: '/config', method: 'TRACE' },
])('$method $path is answered by 501 and the text that clients look for', async ({ path, method }) => {
  const { port } = await started();
  const reply = await ask(port, path, { method });
  expect(reply.status).toBe(501);
  expect(reply.body).toContain('Server does not support this operation');
});

test('PATCH /config hands the change in, whatever its content type', async () => {
  const { desk, port } = await started();
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const reply = await ask(port, '/config', { method: 'PATCH', body: '{"ttl":30,"x":null}', headers });
  expect(reply).toMatchObject({ status: 200, body: '{"ttl": 30}' });
  expect(desk.asked).toEqual([{ kind: 'patch', value: { ttl: 30, x: null } }]);
});

test.each([
  { outcome: { kind: 'conflict' } as const, patch: 409, put: 409 },
  { outcome: { kind: 'refused', why: 'x' } as const, patch: 400, put: 400 },
  { outcome: { kind: 'absent', why: 'x' } as const, patch: 503, put: 502 },
  { outcome: { kind: 'notDone', why: 'x' } as const, patch: 503, put: 502 },
  { outcome: { kind: 'unknown', why: 'x' } as const, patch: 503, put: 502 },
])('a change of /config that ends as $outcome.kind', async ({ outcome, patch, put }) => {
  const { desk, port } = await started();
  desk.config = outcome;
  expect(await ask(port, '/config', { method: 'PATCH', body: '{"a":1}' })).toMatchObject({ status: patch });
  expect(await ask(port, '/config', { method: 'PUT', body: '{"a":1}' })).toMatchObject({ status: put });
});

test.each([
  {
    name: 'timings that do not fit',
    config: { ttl: 20, loop_wait: 10, retry_timeout: 10 },
    warning: '299 kornak "retry_timeout: 10: does not fit into ttl 20 twice; retry_timeout 9 and loop_wait 1 are used"',
  },
  {
    name: 'more standbys than there are members',
    config: { synchronous_mode: true, synchronous_node_count: 9 },
    warning: expect.stringContaining('synchronous_node_count: 9: only') as unknown,
  },
  {
    name: 'what no header may hold',
    config: { pause: 'ш\n"\\' },
    warning: '299 kornak "pause: ?\\\\n\\"\\\\\\\\: must be true or false; false is used"',
  },
  { name: 'nothing', config: { ttl: 30 }, warning: undefined },
])('a configuration is accepted as the contract has it, and warned of for $name', async ({ config, warning }) => {
  const { desk, port } = await started();
  desk.config = { kind: 'done', value: config };
  const reply = await ask(port, '/config', { method: 'PUT', body: JSON.stringify(config) });
  expect(reply).toMatchObject({ status: 200, warning });
});

test.each(['', '{}', '[]', '"a"', '1', 'null', '{', '{"a":1}x', '\u0000'])(
  'the body %j is refused and changes nothing',
  async (body) => {
    const { desk, port } = await started();
    expect(await ask(port, '/config', { method: 'PATCH', body })).toMatchObject({
      status: 400,
      type: 'text/html;charset=utf-8',
    });
    expect(desk.asked).toEqual([]);
  },
);

test.each(CONTRACT.filter(({ body }) => body !== 'none'))(
  '$method $path takes nothing but a JSON object, and asks for nothing with another',
  async ({ method, path }) => {
    const { desk, port } = await started();
    for (const body of ['[]', '1', '{', '"a"', 'null', '\u0000']) {
      const reply = await ask(port, path, { method, body });
      expect(reply).toMatchObject({ status: 400, type: 'text/html;charset=utf-8' });
    }
    expect(desk.asked).toEqual([]);
  },
);

test.each([{ force: 'yes' }, { force: 1 }, { from_leader: [] }, { 'from-leader': 'no' }])(
  'POST /reinitialize %j is refused with the field',
  async (body) => {
    const { desk, port } = await started();
    const reply = await ask(port, '/reinitialize', { method: 'POST', body: JSON.stringify(body) });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatch(/^(force|from_leader) must be true or false$/);
    expect(desk.asked).toEqual([]);
  },
);

test.each(['..', '%2e%2e%2fpromises', 'a'.repeat(5_000), '%00', '<b>'])('no divergence is called %s', async (id) => {
  const { desk, port } = await started();
  const told = await ask(port, `/kornak/divergence/${id}`);
  expect(told).toMatchObject({ status: 404 });
  expect(await ask(port, `/kornak/divergence/${id}`, { method: 'DELETE' })).toMatchObject({ status: 404 });
  expect(desk.asked).toEqual([id]);
});

test('a body without a length is refused, and so is one that is too long', async () => {
  const { desk, port } = await started();
  expect(await raw(port, 'PATCH /config HTTP/1.1\r\nHost: x\r\n\r\n')).toContain(' 411 ');
  expect(await raw(port, 'PATCH /config HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')).toContain(
    ' 411 ',
  );
  const long = `{"a":"${'x'.repeat(1024 * 1024)}"}`;
  expect(await ask(port, '/config', { method: 'PATCH', body: long })).toMatchObject({ status: 413 });
  const whole = `{"a":"${'x'.repeat(1024 * 1024 - 8)}"}`;
  expect(await ask(port, '/config', { method: 'PATCH', body: whole })).toMatchObject({ status: 200 });
  expect(desk.asked).toHaveLength(1);
});

test('deeply nested JSON does no harm', async () => {
  const { desk, port } = await started();
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  desk.config = { kind: 'notDone', why: 'x' };
  const reply = await ask(port, '/config', { method: 'PATCH', body: deep });
  expect(reply.status).toBeGreaterThanOrEqual(400);
  expect(await ask(port, '/primary')).toMatchObject({ status: 200 });
});

test.each([
  { name: 'no header', headers: {}, body: 'no auth header received' },
  { name: 'another password', headers: { Authorization: `Basic ${btoa('admin:wrong')}` }, body: 'not authenticated' },
  { name: 'another scheme', headers: { Authorization: 'Bearer x' }, body: 'not authenticated' },
  { name: 'an empty header', headers: { Authorization: '' }, body: 'not authenticated' },
])('what changes something asks for the password: $name', async ({ headers, body }) => {
  const { desk, port } = await started(new FakeDesk(LEADER), true);
  const changing = CONTRACT.filter(({ method }) => method !== 'GET');
  expect(changing.length).toBeGreaterThan(12);
  for (const { method, path } of changing) {
    const reply = await ask(port, path, { method, body: '{"a":1}', headers });
    expect(reply).toMatchObject({ status: 401, challenge: 'Basic realm="Patroni"', body });
  }
  expect(desk.asked).toEqual([]);
});

test('with the password it goes on, and reading needs none', async () => {
  const { desk, port, logged } = await started(new FakeDesk(LEADER), true);
  const token = Buffer.from('admin:s3cret:ü').toString('base64');
  const headers = { Authorization: `Basic ${token}` };
  expect(await ask(port, '/config', { method: 'PATCH', body: '{"a":1}', headers })).toMatchObject({ status: 200 });
  expect(await ask(port, '/config')).toMatchObject({ status: 200 });
  expect(desk.asked).toHaveLength(1);
  expect(logged.join('\n')).not.toContain('s3cret');
  expect(logged.join('\n')).not.toContain(token);
});

test.each([
  { outcome: { kind: 'done', value: 'begun' } as const, status: 202, body: 'begun' },
  { outcome: { kind: 'notDone', why: 'the cluster exists' } as const, status: 409, body: 'the cluster exists' },
  { outcome: { kind: 'unknown', why: 'late' } as const, status: 503, body: 'late' },
])('bootstrap answers $status', async ({ outcome, status, body }) => {
  const { desk, port } = await started();
  desk.bootstrapping = outcome;
  expect(await ask(port, '/kornak/bootstrap', { method: 'POST' })).toMatchObject({ status, body });
});

test('explain tells rule, timers and events', async () => {
  const event = {
    kind: 'leader.acquired',
    member: 'postgresql0',
    wallAt: 'x',
    atMs: 1,
    rule: 'V01',
    text: 't',
    evidence: { a: 1 },
  } as const;
  const { port } = await started(new FakeDesk({ ...LEADER, events: [event] }));
  const reply = await ask(port, '/kornak/explain');
  const told: unknown = JSON.parse(reply.body);
  expect(told).toMatchObject({
    member: 'postgresql0',
    rule: 'L01',
    timers: { ttl_ms: 30_000, leader_ttl_ms: 6_000, lease_left_ms: 4_000 },
    events: [event],
  });
});

test('recovery tells the facts of pg_control, and how far the WAL surely reaches', async () => {
  const ended = { sql: undefined, lease: { kind: 'none' } } as const;
  const { port } = await started(new FakeDesk(aSnapshot({ ...ended, postgres: { postmaster: undefined } })));
  expect(JSON.parse((await ask(port, '/kornak/recovery')).body)).toMatchObject({
    member: 'postgresql0',
    server: 'down',
    control: { state: 'in production', system_identifier: '7711251641445478941', checkpoint_lsn: 0 },
    exact: false,
    was_primary: true,
    rule: 'L01',
    store: 'no answer',
  });
  const standby = await started(new FakeDesk(aSnapshot({ ...ended, sql: aStandby() })));
  expect(JSON.parse((await ask(standby.port, '/kornak/recovery')).body)).toMatchObject({
    server: 'standby',
    timeline: 1,
    lsn: 67393056,
    exact: true,
  });
});

test('a handler that throws is answered by 500 and the listener lives on', async () => {
  const { desk, port, logged } = await started();
  desk.changeConfig = () => Promise.reject(new Error('broken'));
  expect(await ask(port, '/config', { method: 'PATCH', body: '{"a":1}' })).toMatchObject({ status: 500 });
  expect(logged.some((line) => line.startsWith('ERROR') && line.includes('broken'))).toBe(true);
  expect(await ask(port, '/primary')).toMatchObject({ status: 200 });
});

test.each([
  'nonsense\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
  `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
])('hostile bytes %j are refused and the listener lives on', async (bytes) => {
  const { port } = await started();
  expect(await raw(port, bytes)).not.toContain(' 200 ');
  expect(await ask(port, '/primary')).toMatchObject({ status: 200 });
});

test('a probe of HTTP/1.0 is answered', async () => {
  const { port } = await started();
  expect(await raw(port, 'OPTIONS / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.\d 200 OK\r\n/);
});

test('at most 200 connections are kept', async () => {
  const { port } = await started();
  const opened = await Promise.all(Array.from({ length: 210 }, () => opening(port)));
  const kept = await Promise.all(opened.map((socket) => isKept(socket)));
  expect(kept.filter(Boolean)).toHaveLength(200);
});

function opening(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(socket);
    });
    socket.on('error', () => undefined);
    sockets.push(socket);
  });
}

/** The server answers on it; one beyond the limit is closed instead. */
function isKept(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('data', () => {
      resolve(true);
    });
    socket.once('close', () => {
      resolve(false);
    });
    socket.write('OPTIONS /primary HTTP/1.1\r\nHost: x\r\n\r\n');
  });
}

test('a port in use is told as such', async () => {
  const { desk, port } = await started();
  const log = { log: () => undefined };
  const second = createApiServer(desk, { listen: { host: '127.0.0.1', port }, scope: 's', name: 'n', log });
  await expect(second.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await second.close();
});

test.each([
  ['GET', '/replica', 1_000],
  ['HEAD', '/', 1_000],
  ['OPTIONS', '/patroni', 1_000],
  ['GET', '/readiness', 1_000],
  ['GET', '/patroni', 500],
  ['GET', '/cluster', 500],
  ['GET', '/config', 500],
])(
  '%s %s answers from what is no older than %i ms, or after 200 ms from what there is',
  async (method, path, maxAgeMs) => {
    const { port, desk } = await started();
    await ask(port, path, { method });
    expect(desk.freshened).toEqual([{ maxAgeMs, budgetMs: 200 }]);
  },
);

test('liveness waits for nothing', async () => {
  const { port, desk } = await started();
  expect((await ask(port, '/liveness')).status).toBe(200);
  expect(desk.freshened).toEqual([]);
});

test('a configuration with a value that cannot be used is shown as it is', async () => {
  const view = aView({ ...TWO, config: '{"ttl":"soon"}' });
  const { port } = await started(new FakeDesk(aSnapshot({ view, sql: aPrimary(), lease: HELD })));
  expect(await ask(port, '/config')).toMatchObject({ status: 200, body: '{"ttl": "soon"}' });
});

test('a configuration that is no JSON object is none', async () => {
  const view = aView({ ...TWO, config: '[1]' });
  const { port } = await started(new FakeDesk(aSnapshot({ view, sql: aPrimary(), lease: HELD })));
  expect(await ask(port, '/config')).toMatchObject({ status: 502 });
});
