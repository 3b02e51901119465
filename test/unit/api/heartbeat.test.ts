// The stream of heartbeats, as it is served and as it is listened to, over real sockets.
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { probePostgres } from '../../../src/agent/probe-postgres.ts';
import { beatFrom, beatLine } from '../../../src/api/heartbeat-body.ts';
import { heartbeatClient } from '../../../src/api/heartbeat-client.ts';
import type { LineSink } from '../../../src/api/answer.ts';
import { LineStreams } from '../../../src/api/line-stream.ts';
import { type ApiServer, type ApiTls, createApiServer } from '../../../src/api/server.ts';
import type { Beat } from '../../../src/core/model/leader-signs.ts';
import { Redacted } from '../../../src/core/model/redacted.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { FakeDesk } from './a-desk.ts';

const BEAT: Beat = { reign: 4_711, state: 'leads', renewMs: 1_000 };
const PASSWORD = new Redacted('s3cret:ü');
const OWN = '127.0.0.1';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function api(desk: FakeDesk, withPassword = false, tls?: ApiTls): Promise<string> {
  const server: ApiServer = createApiServer(desk, {
    listen: { host: OWN, port: 0 },
    authentication: withPassword ? { username: 'admin', password: PASSWORD } : undefined,
    scope: 'batman',
    name: 'ada',
    log: { log: () => undefined },
    ...(tls && { tls }),
  });
  closing.push(() => server.close());
  await server.start();
  return `${tls === undefined ? 'http' : 'https'}://${OWN}:${server.address()?.port ?? 0}/patroni`;
}

function leading(): FakeDesk {
  const desk = new FakeDesk();
  desk.beat = BEAT;
  return desk;
}

function tell(desk: FakeDesk, beat: Beat | undefined): void {
  for (const listener of desk.beatListeners) listener(beat);
}

interface Heard {
  readonly beats: Beat[];
  /** Resolves with how the stream ended. */
  readonly ended: Promise<string>;
  /** Resolves once so many beats have come. */
  count(beats: number): Promise<void>;
  close(): void;
}

function listen(apiUrl: string, how: { readonly password?: boolean; readonly budgetMs?: number } = {}): Heard {
  const beats: Beat[] = [];
  let news: () => void = () => undefined;
  let end: (how: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (end = resolve));
  const authentication = how.password === true ? { username: 'admin', password: PASSWORD } : undefined;
  const stream = heartbeatClient({ authentication, isInsecure: true })(
    apiUrl,
    {
      onBeat: (beat) => {
        beats.push(beat);
        news();
      },
      onEnd: (kind, why) => end(`${kind}: ${why}`),
    },
    how.budgetMs ?? 2_000,
  );
  closing.push(() => stream.close());
  const count = async (wanted: number): Promise<void> => {
    while (beats.length < wanted) await new Promise<void>((resolve) => (news = resolve));
  };
  return { beats, ended, count, close: () => stream.close() };
}

/** An HTTP server that answers however a test wants it to. */
async function odd(answer: (response: ServerResponse, request: IncomingMessage) => void): Promise<string> {
  const server: Server = createServer((request, response) => answer(response, request));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, OWN);
  await once(server, 'listening');
  return `http://${OWN}:${portOf(server)}/patroni`;
}

function portOf(server: Server | TcpServer): number {
  const bound: AddressInfo | string | null = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

const NDJSON = { 'Content-Type': 'application/x-ndjson' };

test('a beat is a line of at most 200 bytes that reads back, whatever the numbers', () => {
  const longest: Beat = { reign: Number.MAX_SAFE_INTEGER, state: 'withheld', renewMs: 3_600_000 };
  expect(Buffer.byteLength(beatLine(longest))).toBeLessThanOrEqual(200);
  for (const beat of [BEAT, longest]) expect(beatFrom(beatLine(beat))).toEqual(beat);
  expect(beatLine(BEAT)).toBe('{"v":1,"reign":4711,"state":"leads","renewMs":1000}\n');
});

test.each<{ name: string; line: string; beat: Beat | undefined }>([
  {
    name: 'a later version that says more',
    line: '{"v":2,"reign":5,"state":"leads","renewMs":500,"new":[1]}',
    beat: { reign: 5, state: 'leads', renewMs: 500 },
  },
  {
    name: 'a state that is not known here is no promise to lead on',
    line: '{"v":9,"reign":5,"state":"moving","renewMs":500}',
    beat: { reign: 5, state: 'stopping', renewMs: 500 },
  },
  {
    name: 'no state at all',
    line: '{"v":1,"reign":5,"renewMs":500}',
    beat: { reign: 5, state: 'stopping', renewMs: 500 },
  },
  { name: 'no version', line: '{"reign":5,"state":"leads","renewMs":500}', beat: undefined },
  { name: 'version 0', line: '{"v":0,"reign":5,"state":"leads","renewMs":500}', beat: undefined },
  { name: 'no reign', line: '{"v":1,"state":"leads","renewMs":500}', beat: undefined },
  { name: 'a reign that is no number', line: '{"v":1,"reign":"5","state":"leads","renewMs":500}', beat: undefined },
  { name: 'no pace', line: '{"v":1,"reign":5,"state":"leads"}', beat: undefined },
  { name: 'a pace of nothing', line: '{"v":1,"reign":5,"state":"leads","renewMs":0}', beat: undefined },
  { name: 'no JSON', line: '<html>', beat: undefined },
  { name: 'another kind of JSON', line: '[1]', beat: undefined },
  { name: 'nothing', line: '', beat: undefined },
])('read: $name', ({ line, beat }) => {
  expect(beatFrom(line)).toEqual(beat);
});

test('a leader tells its first beat at once and each further one as it comes', async () => {
  const desk = leading();
  const heard = listen(await api(desk));
  await heard.count(1);
  tell(desk, { ...BEAT, state: 'stopping' });
  await heard.count(2);
  expect(heard.beats).toEqual([BEAT, { ...BEAT, state: 'stopping' }]);
});

test('the end of the lead ends the stream, and the end of the listener the listening', async () => {
  const desk = leading();
  const url = await api(desk);
  const heard = listen(url);
  await heard.count(1);
  tell(desk, undefined);
  expect(await heard.ended).toContain('refused');
  await expect.poll(() => desk.beatListeners.size).toBe(0);
  const other = listen(url);
  await other.count(1);
  other.close();
  await expect.poll(() => desk.beatListeners.size).toBe(0);
});

test('whoever does not lead has no heartbeat, which is no refusal of its machine', async () => {
  expect(await listen(await api(new FakeDesk())).ended).toBe('silent: answered with 503, which is no heartbeat');
});

test('access is asked for where the API is configured with it', async () => {
  const url = await api(leading(), true);
  expect(await listen(url).ended).toBe('silent: answered with 401, which is no heartbeat');
  const heard = listen(url, { password: true });
  await heard.count(1);
  expect(heard.beats).toEqual([BEAT]);
});

test('the end of the agent is a refusal, and so is nobody at the port', async () => {
  const desk = leading();
  const url = await api(desk);
  const heard = listen(url);
  await heard.count(1);
  await closing[0]?.();
  expect(await heard.ended).toContain('refused');
  expect(await listen(url).ended).toContain('refused');
});

test('more listeners than any cluster has members are sent away', async () => {
  const desk = leading();
  const url = await api(desk);
  const all = Array.from({ length: 64 }, () => listen(url, { budgetMs: 10_000 }));
  for (const each of all) await each.count(1);
  expect(await listen(url, { budgetMs: 10_000 }).ended).toBe('silent: answered with 503, which is no heartbeat');
  all[0]?.close();
  await expect.poll(() => desk.beatListeners.size).toBe(63);
  await listen(url).count(1);
});

test('a reader that takes nothing is sent no more than its connection holds, and keeps nobody else waiting', async () => {
  const desk = leading();
  const url = new URL(await api(desk));
  const slow = connect(Number(url.port), OWN);
  closing.push(() => {
    slow.destroy();
  });
  await once(slow, 'connect');
  slow.pause();
  slow.write('GET /kornak/heartbeat HTTP/1.1\r\nHost: x\r\n\r\n');
  await expect.poll(() => desk.beatListeners.size).toBe(1);
  const before = process.memoryUsage().arrayBuffers;
  // Far more than what kernels hold for a connection.
  for (let beats = 0; beats < 200_000; beats += 1) tell(desk, BEAT);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  const heard = listen(url.href);
  await heard.count(1);
  tell(desk, { ...BEAT, state: 'stopping' });
  await heard.count(2);
});

/** A server that tells lines for as long as somebody listens, and a reader that never reads. */
async function stuck(tellFew: (lines: LineSink) => void): Promise<{ readonly cut: Promise<void> }> {
  const streams = new LineStreams(300);
  const server = createServer((_, response) => {
    const stream = (lines: LineSink): (() => void) => {
      setImmediate(() => tellFew(lines));
      return () => undefined;
    };
    streams.begin(response, { status: 200, stream });
  });
  const cut = new Promise<void>((resolve) => {
    server.once('connection', (socket: Socket) => socket.once('close', () => resolve()));
  });
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, OWN);
  await once(server, 'listening');
  const reader = connect(portOf(server), OWN);
  reader.pause();
  reader.on('error', () => undefined);
  closing.push(() => {
    reader.destroy();
  });
  await once(reader, 'connect');
  reader.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  return { cut };
}

/** More than kernels hold for a connection. */
const MUCH = `${'x'.repeat(64 * 1024 * 1024)}\n`;

test('a reader that takes nothing has no connection any more', async () => {
  const { cut } = await stuck((lines) => lines.write(MUCH));
  await cut;
});

test('nor when the end of the stream is what it does not take', async () => {
  const { cut } = await stuck((lines) => {
    lines.write(MUCH);
    lines.end();
  });
  await cut;
});

test('a line that must wait for another is not lost, and of two only the newer one comes', async () => {
  const desk = leading();
  const heard = listen(await api(desk));
  await heard.count(1);
  tell(desk, BEAT);
  tell(desk, { ...BEAT, state: 'withheld' });
  tell(desk, { ...BEAT, state: 'stopping' });
  await heard.count(3);
  expect(heard.beats.map(({ state }) => state)).toEqual(['leads', 'leads', 'stopping']);
});

test('over TLS as well, with the access that the API is configured with', async () => {
  const certificates = makeCertificates();
  closing.push(() => certificates.remove());
  const { serverCert, serverKey } = certificates;
  const desk = leading();
  const url = await api(desk, true, { certFile: serverCert, keyFile: serverKey, keyPassword: undefined });
  expect(url.startsWith('https:')).toBe(true);
  expect(await listen(url).ended).toBe('silent: answered with 401, which is no heartbeat');
  const heard = listen(url, { password: true });
  await heard.count(1);
  tell(desk, { ...BEAT, state: 'stopping' });
  await heard.count(2);
  expect(heard.beats.map(({ state }) => state)).toEqual(['leads', 'stopping']);
  tell(desk, undefined);
  expect(await heard.ended).toContain('refused');
});

test('HEAD and OPTIONS are answered as everywhere, without a stream', async () => {
  const url = new URL(await api(leading()));
  const status = await new Promise((resolve, reject) => {
    const sent = httpRequest(new URL('/kornak/heartbeat', url), { method: 'HEAD', agent: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    sent.on('error', reject);
    sent.end();
  });
  expect(status).toBe(503);
});

test('half lines wait for their other half; nonsense between beats is skipped', async () => {
  let response: ServerResponse | undefined;
  const url = await odd((answer) => {
    answer.writeHead(200, NDJSON);
    answer.write('{"v":1,"reign":5,"st');
    response = answer;
  });
  const heard = listen(url);
  await expect.poll(() => response).toBeDefined();
  response?.write('ate":"leads","renewMs":500}\nnonsense\n{"v":1,"reign":6,"state":"leads","renewMs":500}\n');
  await heard.count(2);
  expect(heard.beats.map(({ reign }) => reign)).toEqual([5, 6]);
});

test.each<{ name: string; answer: (response: ServerResponse) => void; end: string }>([
  {
    name: 'a line without an end',
    answer: (response) => {
      response.writeHead(200, NDJSON);
      response.write('x'.repeat(100_000));
    },
    end: 'silent: a line is longer than any beat',
  },
  {
    name: 'nonsense without an end',
    answer: (response) => {
      response.writeHead(200, NDJSON);
      response.write('nonsense\n'.repeat(1_000));
    },
    end: 'silent: the stream holds no beats',
  },
  {
    name: 'a page with status 200, as an older agent has for a path that it does not know',
    answer: (response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end('{}');
    },
    end: 'silent: answered with 200, which is no heartbeat',
  },
  {
    name: 'nothing, ever',
    answer: () => undefined,
    end: 'silent: no heartbeat within 200 ms',
  },
])('a listener ends what cannot be a heartbeat: $name', async ({ answer, end }) => {
  expect(await listen(await odd(answer), { budgetMs: 200 }).ended).toBe(end);
});

test('a stream that goes on after its budget and tells nothing stays open: what that means is not for the listener to say', async () => {
  const url = await odd((response) => {
    response.writeHead(200, NDJSON);
    response.write(beatLine(BEAT));
  });
  const heard = listen(url, { budgetMs: 100 });
  await heard.count(1);
  let isOver = false;
  void heard.ended.then(() => (isOver = true));
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(isOver).toBe(false);
});

async function tcp(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createTcpServer(onSocket);
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, OWN);
  await once(server, 'listening');
  return portOf(server);
}

test('PostgreSQL answers, refuses, hangs up or is silent', async () => {
  const answers = await tcp((socket) => {
    socket.once('data', (bytes) => socket.write(bytes.equals(Buffer.from('0000000804d2162f', 'hex')) ? 'N' : 'E'));
  });
  expect(await probePostgres({ host: OWN, port: answers }, 2_000)).toBe('answers');
  const hangsUp = await tcp((socket) => socket.end());
  expect(await probePostgres({ host: OWN, port: hangsUp }, 2_000)).toBe('refused');
  const silent = await tcp(() => undefined);
  expect(await probePostgres({ host: OWN, port: silent }, 100)).toBe('silent');
  await closing.shift()?.();
  await expect.poll(() => probePostgres({ host: OWN, port: answers }, 2_000)).toBe('refused');
});

test('no way to it is silence: that is said by this machine, and not by the other', async () => {
  expect(await probePostgres({ host: 'no-such-host.invalid', port: 5432 }, 2_000)).toBe('silent');
});
