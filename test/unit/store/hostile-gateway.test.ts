import type { ServerResponse } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import { EtcdStore } from '../../../src/store/etcd-store.ts';
import { fakeGateway, header, json, type FakeGateway, type Respond } from '../../support/fake-gateway.ts';
import { freePorts } from '../../support/free-ports.ts';
import { realClock } from '../../support/real-clock.ts';

const budget = { budgetMs: 1_000 };
/** For what is not answered however long one waits. */
const shortBudget = { budgetMs: 250 };
const write = { compares: [], success: [{ kind: 'put', key: 'k', value: 'v' }] } as const;
const read = { compares: [], success: [{ kind: 'read', key: 'k' }] } as const;

describe.concurrent('a gateway that answers nonsense', () => {
  const gateways: FakeGateway[] = [];
  const stores: EtcdStore[] = [];
  afterAll(async () => {
    for (const store of stores) store.close();
    for (const gateway of gateways) await gateway.close();
  });
  const answering = async (respond: Respond) => {
    const gateway = await fakeGateway(respond);
    gateways.push(gateway);
    return gateway;
  };
  const storeOn = (endpoints: readonly string[], login: { username?: string; password?: string } = {}) => {
    const store = new EtcdStore({ endpoints, clock: realClock, ...login });
    stores.push(store);
    return store;
  };

  const nonsense: readonly [string, (response: ServerResponse) => void][] = [
    ['no JSON', (response) => response.end('not { JSON')],
    ['nothing', (response) => response.end()],
    ['a list', (response) => response.end('[1,2]')],
    ['null', (response) => response.end('null')],
    ['an empty object', (response) => response.end('{}')],
    [
      'a web page',
      (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad Gateway</html>'),
    ],
    ['plain text', (response) => response.writeHead(404).end('Not Found')],
    [
      'half an answer',
      (response) => response.writeHead(200, { 'content-length': '500' }).write('{"header":', () => response.destroy()),
    ],
    ['a closed connection', (response) => response.destroy()],
    ['a header that is a text', (response) => json(response, 200, { header: 'x', succeeded: true })],
    ['a revision that is no number', (response) => json(response, 200, { header: { ...header, revision: 'NaN' } })],
    [
      'a revision beyond counting',
      (response) => json(response, 200, { header: { ...header, revision: '99999999999999999999' } }),
    ],
    ['keys that are no list', (response) => json(response, 200, { header, kvs: 'x', succeeded: 'yes', responses: {} })],
    ['a key without revisions', (response) => json(response, 200, { header, succeeded: 1, kvs: [{ key: 'aw==' }] })],
    ['a key that is null', (response) => json(response, 200, { header, succeeded: true, kvs: [null] })],
    [
      'fewer responses than operations',
      (response) => json(response, 200, { header, succeeded: true, kvs: [{}], responses: [] }),
    ],
    [
      'a store without a leader (known failure 5)',
      (response) => json(response, 503, { error: 'etcdserver: no leader', message: 'etcdserver: no leader', code: 14 }),
    ],
    ['a timeout', (response) => json(response, 500, { error: 'context deadline exceeded', code: 2 })],
    [
      'the error of a stream',
      (response) => json(response, 200, { error: { grpc_code: 14, http_code: 503, message: 'no leader' } }),
    ],
    ['an error without a code', (response) => json(response, 400, { error: 'oops' })],
    ['nothing, ever', () => undefined],
    ['a slow drip', (response) => drip(response)],
  ];

  it.each(nonsense)('%s: a read is unanswered, a write unknown and sent once', async (_, respond) => {
    const gateway = await answering((__, response) => respond(response));
    const store = storeOn([gateway.endpoint]);
    const startedMs = realClock.bootMs();
    const outcome = await store.txn(write, shortBudget);
    expect(outcome).toMatchObject({ kind: 'unknown', why: textWith(gateway.endpoint) });
    expect(gateway.paths).toEqual(['/v3/kv/txn']);
    expect((await store.range('k', shortBudget)).kind).toBe('unanswered');
    expect((await store.grantLease(1_000, shortBudget)).kind).toBe('unanswered');
    expect((await store.keepAlive('7', shortBudget)).kind).toBe('unanswered');
    expect((await store.leaseRemaining('7', shortBudget)).kind).toBe('unanswered');
    expect(realClock.bootMs() - startedMs).toBeLessThan(5 * shortBudget.budgetMs + 1_000);
  });

  it('a lease of another number is not taken for ours', async () => {
    const gateway = await answering((_, response) =>
      json(response, 200, { result: { header, ID: '8' }, header, ID: '8', TTL: '-1' }),
    );
    const store = storeOn([gateway.endpoint]);
    expect((await store.keepAlive('7', shortBudget)).kind).toBe('unanswered');
    expect((await store.leaseRemaining('7', shortBudget)).kind).toBe('unanswered');
  });

  it('a missing page is not a missing lease', async () => {
    const gateway = await answering((_, response) =>
      json(response, 404, { code: 5, message: 'Not Found', details: [] }),
    );
    expect((await storeOn([gateway.endpoint]).revokeLease('7', shortBudget)).kind).toBe('unanswered');
  });

  it.each([
    ['of a call', { error: 'etcdserver: requested lease not found', message: 'x', code: 5 }],
    ['of a stream', { error: { grpc_code: 5, message: 'etcdserver: requested lease not found' } }],
    ['without a word "error"', { code: 5, message: 'etcdserver: requested lease not found', details: [] }],
  ])('a definite error %s is not done, and final', async (_, body) => {
    const gateway = await answering((__, response) => json(response, 404, body));
    const store = storeOn([gateway.endpoint]);
    expect(await store.txn(write, budget)).toMatchObject({
      kind: 'notDone',
      why: textWith('requested lease not found'),
    });
    expect(await store.revokeLease('7', budget)).toEqual({ kind: 'done' });
    expect(gateway.paths).toHaveLength(2);
  });

  it('a lease with less than a second left is alive', async () => {
    const gateway = await answering((_, response) => json(response, 200, { header, ID: '7', grantedTTL: '30' }));
    const left = await storeOn([gateway.endpoint]).leaseRemaining('7', budget);
    expect(left).toMatchObject({ kind: 'alive', remainingMs: 0, grantedMs: 30_000 });
  });

  it('a write goes on to the next endpoint only if it certainly was not sent', async () => {
    const [closedPort] = await freePorts(1);
    const good = await answering((_, response) => json(response, 200, { header, succeeded: true, responses: [{}] }));
    const mute = await answering(() => undefined);
    const refused = await storeOn([`http://127.0.0.1:${closedPort}`, good.endpoint]).txn(write, budget);
    expect(refused.kind).toBe('done');
    const sent = await storeOn([mute.endpoint, good.endpoint]).txn(write, { budgetMs: 250 });
    expect(sent.kind).toBe('unknown');
    expect(good.paths).toHaveLength(1);
  });

  it('a transaction that only reads goes on to the next endpoint after any failure', async () => {
    const good = await answering((_, response) =>
      json(response, 200, { header, succeeded: true, responses: [{ response_range: {} }] }),
    );
    const mute = await answering(() => undefined);
    expect(await storeOn([mute.endpoint, good.endpoint]).txn(read, { budgetMs: 600 })).toMatchObject({
      kind: 'done',
      reads: [undefined],
    });
  });

  it('an answer of a raft term that is over is not believed (known failure 20)', async () => {
    const old = await answering((_, response) =>
      json(response, 200, { result: { header: { ...header, raft_term: '2' }, ID: '7', TTL: '9' } }),
    );
    let isUp = true;
    const good = await answering((_, response) => (isUp ? json(response, 200, { header }) : response.destroy()));
    const store = storeOn([good.endpoint, old.endpoint]);
    expect((await store.range('k', budget)).kind).toBe('ok');
    isUp = false;
    const kept = await store.keepAlive('7', shortBudget);
    expect(kept).toMatchObject({ kind: 'unanswered', why: textWith('wrong side of a partition') });
  });

  it('logs in, again when the token has expired, and tells no secret', async () => {
    let token = 'token-0';
    const gateway = await answering(({ path, body, headers }, response) => {
      if (path === '/v3/auth/authenticate') {
        if (!body.includes('geheim'))
          return json(response, 400, { error: 'authentication failed, invalid user ID or password', code: 3 });
        return json(response, 200, { header, token });
      }
      if (headers.authorization !== token)
        return json(response, 401, { error: 'etcdserver: invalid auth token', code: 16 });
      return json(response, 200, { header, succeeded: true, responses: [{}] });
    });
    const store = storeOn([gateway.endpoint], { username: 'kornak', password: 'geheim' });
    expect((await store.txn(write, budget)).kind).toBe('done');
    token = 'token-1';
    expect((await store.txn(write, budget)).kind).toBe('done');
    const [login, txn] = ['/v3/auth/authenticate', '/v3/kv/txn'];
    expect(gateway.paths).toEqual([login, txn, txn, login, txn]);
    const wrong = await storeOn([gateway.endpoint], { username: 'kornak', password: 'falsch' }).txn(write, budget);
    expect(wrong).toMatchObject({ kind: 'notDone', why: textWith('login as kornak') });
    expect(JSON.stringify(wrong)).not.toContain('falsch');
  });

  it('goes on without a token where authentication is off', async () => {
    const gateway = await answering(({ path }, response) => {
      if (path === '/v3/auth/authenticate')
        return json(response, 412, { error: 'etcdserver: authentication is not enabled', code: 9 });
      return json(response, 200, { header, succeeded: true, responses: [{}] });
    });
    const store = storeOn([gateway.endpoint], { username: 'kornak', password: 'geheim' });
    expect((await store.txn(write, budget)).kind).toBe('done');
    expect((await store.txn(write, budget)).kind).toBe('done');
    expect(gateway.paths.filter((path) => path.includes('auth'))).toHaveLength(1);
  });

  it('hides a password that an answer echoes', async () => {
    const gateway = await answering((_, response) => response.writeHead(500).end('your password is geheim'));
    const store = storeOn([gateway.endpoint], { username: 'kornak', password: 'geheim' });
    const outcome = await store.txn(write, shortBudget);
    expect(JSON.stringify(outcome)).toContain('your password is ***');
  });
});

/** Vitest's own is typed as any. */
function textWith(part: string): unknown {
  return expect.stringContaining(part);
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '10000' });
  const timer = setInterval(() => response.write(' '), 20);
  response.once('close', () => clearInterval(timer));
}
