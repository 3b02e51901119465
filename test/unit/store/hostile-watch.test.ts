import type { ServerResponse } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import type { WatchEvent, WatchSink } from '../../../src/ports/store.ts';
import { EtcdStore } from '../../../src/store/etcd-store.ts';
import { fakeGateway, header, json, type FakeGateway, type Respond } from '../../support/fake-gateway.ts';
import { eventually, realClock, sleep } from '../../support/real-clock.ts';

const created = { result: { header, created: true } };

function putOf(revision: number): unknown {
  const kv = { key: 'aw==', value: 'dg==', create_revision: '1', mod_revision: String(revision) };
  return { result: { header: { ...header, revision: '99' }, events: [{ kv }] } };
}

function say(response: ServerResponse, ...messages: readonly unknown[]): void {
  for (const message of messages) response.write(`${JSON.stringify(message)}\n`);
}

function recorder(): WatchSink & { readonly seen: number[]; readonly ends: string[] } {
  const seen: number[] = [];
  const ends: string[] = [];
  const revisionOf = (event: WatchEvent) => (event.kind === 'put' ? event.keyValue.modRevision : event.modRevision);
  return {
    seen,
    ends,
    onEvents: (events, revision) => void seen.push(...events.map(revisionOf), revision),
    onEnd: (reason, why) => void ends.push(`${reason}: ${why}`),
  };
}

describe.concurrent('a watch on a gateway that misbehaves', () => {
  const gateways: FakeGateway[] = [];
  const stores: EtcdStore[] = [];
  afterAll(async () => {
    for (const store of stores) store.close();
    for (const gateway of gateways) await gateway.close();
  });
  const watching = async (respond: Respond, probeEveryMs = 5_000) => {
    const gateway = await fakeGateway(respond);
    gateways.push(gateway);
    const store = new EtcdStore({ endpoints: [gateway.endpoint], clock: realClock, probeEveryMs });
    stores.push(store);
    const sink = recorder();
    return { gateway, store, sink, watch: store.watch('k', 10, sink) };
  };
  const startOf = ({ body }: { readonly body: string }) => /"start_revision":"(\d+)"/.exec(body)?.[1];

  it('resumes after the last change delivered, not after what a header says', async () => {
    const starts: (string | undefined)[] = [];
    const { gateway, sink } = await watching((asked, response) => {
      starts.push(startOf(asked));
      say(response, created);
      if (starts.length === 2) say(response, putOf(11), putOf(12));
    });
    await eventually('the first stream is open', () => starts.length === 1);
    gateway.cut();
    await eventually('two changes came', () => sink.seen.length === 4);
    gateway.cut();
    await eventually('the third stream is open', () => starts.length === 3);
    expect(starts).toEqual(['11', '11', '13']);
    expect(sink.ends).toEqual([]);
  });

  it('turns to the next endpoint when the first does not confirm', async () => {
    const mute = await fakeGateway((_, response) => response.writeHead(200).flushHeaders());
    const good = await fakeGateway((_, response) => say(response, created, putOf(11)));
    gateways.push(mute, good);
    const store = new EtcdStore({ endpoints: [mute.endpoint, good.endpoint], clock: realClock });
    stores.push(store);
    const sink = recorder();
    store.watch('k', 10, sink);
    await eventually('a change came', () => sink.seen.includes(11), 4_000);
    expect(mute.paths).toHaveLength(1);
    expect(sink.ends).toEqual([]);
  });

  it('delivers nothing twice that is sent twice', async () => {
    const { sink } = await watching((_, response) =>
      say(response, created, putOf(11), putOf(11), putOf(10), putOf(12)),
    );
    await eventually('the last change came', () => sink.seen.includes(12));
    expect(sink.seen).toEqual([11, 11, 12, 12]);
  });

  it('understands messages however they are cut', async () => {
    const { sink } = await watching((_, response) => {
      const text = [created, putOf(11), putOf(12)].map((message) => `${JSON.stringify(message)}\n`).join('');
      void (async () => {
        for (let at = 0; at < text.length; at += 60) {
          response.write(text.slice(at, at + 60));
          await sleep(2);
        }
      })();
    });
    await eventually('the last change came', () => sink.seen.includes(12));
  });

  it.each<[string, Respond, string]>([
    ['garbage', (_, response) => say(response, created, 'garbage'), 'broken'],
    ['a message without a header', (_, response) => say(response, { result: {} }), 'broken'],
    [
      'an event that cannot be understood',
      (_, response) => say(response, created, { result: { header, events: [{}] } }),
      'broken',
    ],
    [
      'the error of a stream',
      (_, response) => say(response, { error: { grpc_code: 14, message: 'no leader' } }),
      'broken: .*no leader',
    ],
    [
      'the error of a call',
      (_, response) => json(response, 503, { error: 'not capable', code: 14 }),
      'broken: .*not capable',
    ],
    ['a web page', (_, response) => response.writeHead(502).end('<html>'), 'broken: .*HTTP 502'],
    [
      'a cancellation (known failure 16)',
      (_, response) => say(response, { result: { header, canceled: true, cancel_reason: 'mood' } }),
      'broken: .*mood',
    ],
    ['an end', (_, response) => response.end(), 'broken'],
    [
      'a store before the revision asked for',
      (_, response) => say(response, { result: { header: { ...header, revision: '9' }, created: true } }),
      'broken',
    ],
    [
      'compaction',
      (_, response) => say(response, { result: { header, canceled: true, compact_revision: '55' } }),
      'compacted: .*55',
    ],
  ])('ends on %s, once', async (_, respond, reason) => {
    const { sink } = await watching(respond);
    await eventually('the watch ended', () => sink.ends.length > 0);
    await sleep(100);
    expect(sink.ends).toEqual([expect.stringMatching(new RegExp(`^${reason}`))]);
    expect(sink.seen).toEqual([]);
  });

  it('asks a quiet endpoint for a sign of life, and only a quiet one', async () => {
    const { gateway, store } = await watching((asked, response) => {
      if (asked.path.endsWith('/watch')) say(response, created);
      else json(response, 200, { header });
    }, 800);
    await eventually('the stream is open', () => gateway.paths.length === 1);
    const probes = () => gateway.asked.filter(({ path }) => path === '/version').length - 1;
    for (let call = 0; call < 20; call += 1) {
      await sleep(50);
      await store.range('k', { budgetMs: 1_000 });
    }
    expect(probes()).toBe(0);
    await eventually('it was asked', () => probes() === 2);
  });
});
