// Users, passwords and certificates on real etcd.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EtcdOptions } from '../../src/store/etcd-options.ts';
import { EtcdStore } from '../../src/store/etcd-store.ts';
import { makeCertificates, type Certificates } from '../support/certificates.ts';
import { startEtcd, type EtcdCluster } from '../support/etcd-cluster.ts';
import { eventually, realClock } from '../support/real-clock.ts';
import { expectKind, putTxn, recordingSink } from './store/harness.ts';

const budget = { budgetMs: 4_000 };
const shortBudget = { budgetMs: 800 };

describe('etcd with users', () => {
  let cluster: EtcdCluster;
  beforeAll(async () => {
    cluster = await startEtcd({ size: 1 });
    const ask = async (path: string, body: object) => {
      const answer = await fetch(`${cluster.endpoints[0]}/v3/auth/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(200);
    };
    const below = {
      key: Buffer.from('/mine/').toString('base64'),
      range_end: Buffer.from('/mine0').toString('base64'),
    };
    await ask('user/add', { name: 'root', password: 'root' });
    await ask('role/add', { name: 'root' });
    await ask('user/grant', { user: 'root', role: 'root' });
    await ask('user/add', { name: 'kornak', password: 'geheim' });
    await ask('role/add', { name: 'owner' });
    await ask('role/grant', { name: 'owner', perm: { permType: 'READWRITE', ...below } });
    await ask('user/grant', { user: 'kornak', role: 'owner' });
    await ask('enable', {});
  });
  afterAll(() => cluster.stop());
  const clientOf = (login: Partial<EtcdOptions>) =>
    new EtcdStore({ endpoints: cluster.endpoints, clock: realClock, ...login });
  const known = { username: 'kornak', password: 'geheim' };

  it('serves who logs in, within what is granted', async () => {
    const store = clientOf(known);
    expectKind(await store.txn(putTxn('/mine/k', '1'), budget), 'done');
    expect(expectKind(await store.txn(putTxn('/other/k', '1'), budget), 'notDone').why).toContain('permission denied');
    expect(expectKind(await store.range('/other/', budget), 'unanswered').why).toContain('permission denied');
    store.close();
  });

  it.each([
    ['nobody', {}],
    ['a wrong password', { ...known, password: 'falsch' }],
  ])('refuses %s at once, and nothing is done', async (_, login) => {
    const store = clientOf(login);
    const startedMs = realClock.bootMs();
    const outcome = expectKind(await store.txn(putTxn('/mine/k', '2'), budget), 'notDone');
    expect(outcome.why).not.toContain('falsch');
    expect(realClock.bootMs() - startedMs).toBeLessThan(budget.budgetMs / 2);
    store.close();
  });

  it('goes on when a restart of etcd has voided its token, calls and watches alike', async () => {
    const store = clientOf(known);
    const start = expectKind(await store.range('/mine/', budget), 'ok').revision;
    const sink = recordingSink();
    const watch = store.watch('/mine/', start, sink);
    for (const member of cluster.members) await member.kill();
    for (const member of cluster.members) member.start();
    await eventually('it writes again', async () => (await store.txn(putTxn('/mine/k', '3'), budget)).kind === 'done');
    if (sink.ends.length > 0) store.watch('/mine/', start, sink);
    await eventually('the change is seen', () => sink.changes.includes('put /mine/k 3'));
    watch.close();
    store.close();
  });
});

describe('etcd with certificates', () => {
  let cluster: EtcdCluster;
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = makeCertificates();
    const { ca, serverCert, serverKey } = certificates;
    const isServing = async (endpoint: string) => {
      const store = new EtcdStore({ endpoints: [endpoint], clock: realClock, tls: clientTls() });
      const answer = await store.range('/', shortBudget);
      store.close();
      return answer.kind === 'ok';
    };
    const flags = { 'cert-file': serverCert, 'key-file': serverKey, 'trusted-ca-file': ca, 'client-cert-auth': 'true' };
    cluster = await startEtcd({ size: 1, protocol: 'https', flags, isServing });
  });
  afterAll(async () => {
    await cluster.stop();
    certificates.remove();
  });
  const clientTls = () => ({ ca: certificates.ca, cert: certificates.clientCert, key: certificates.clientKey });
  const clientOf = (tls: EtcdOptions['tls']) => new EtcdStore({ endpoints: cluster.endpoints, clock: realClock, tls });

  it('serves who shows a certificate', async () => {
    const store = clientOf(clientTls());
    expectKind(await store.txn(putTxn('/k', '1'), budget), 'done');
    const sink = recordingSink();
    store.watch('/k', 1, sink);
    await eventually('the watch lives', () => sink.changes.length > 0);
    store.close();
  });

  it('is not believed when its authority is unknown: certainly not done', async () => {
    const store = clientOf({ ca: undefined, cert: certificates.clientCert, key: certificates.clientKey });
    expect((await store.txn(putTxn('/k', '2'), shortBudget)).kind).toBe('notDone');
    store.close();
  });

  it('serves nobody without a certificate', async () => {
    const store = clientOf({ ca: certificates.ca, cert: undefined, key: undefined });
    expect((await store.range('/k', shortBudget)).kind).toBe('unanswered');
    store.close();
  });

  it('is served again once a certificate that could not be read is in its place', async () => {
    const broken = { ...clientTls(), cert: `${certificates.clientCert}.new`, key: undefined };
    const store = clientOf(broken);
    expect(expectKind(await store.txn(putTxn('/k', '3'), shortBudget), 'notDone').why).toContain('ENOENT');
    writeFileSync(broken.cert, 'garbage');
    expect((await store.txn(putTxn('/k', '3'), shortBudget)).kind).toBe('notDone');
    certificates.renewClient();
    writeFileSync(
      broken.cert,
      readFileSync(certificates.clientCert, 'utf8') + readFileSync(certificates.clientKey, 'utf8'),
    );
    expectKind(await store.txn(putTxn('/k', '3'), budget), 'done');
    store.close();
  });
});
