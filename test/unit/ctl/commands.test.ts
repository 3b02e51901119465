import { describe, expect, test } from 'vitest';
import type { ApiCall, ApiReply } from '../../../src/api/client.ts';
import { bootstrap } from '../../../src/ctl/commands/bootstrap.ts';
import { explain } from '../../../src/ctl/commands/explain.ts';
import { history } from '../../../src/ctl/commands/history.ts';
import { list } from '../../../src/ctl/commands/list.ts';
import { showConfig } from '../../../src/ctl/commands/show-config.ts';
import { serverVersion, version } from '../../../src/ctl/commands/version.ts';
import { aSession, BATMAN } from './a-session.ts';

const LIST = { clusters: [], format: 'tsv', isExtended: false, withTimestamp: false, everyMs: undefined } as const;

function ok(body: unknown, status = 200): ApiReply {
  return { kind: 'answered', status, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

describe('list', () => {
  test('shows each cluster that is named, with the time on demand', async () => {
    const session = aSession({ clusters: { batman: BATMAN }, scope: 'other' });
    expect(await list({ ...LIST, clusters: ['batman', 'x'], withTimestamp: true }, session)).toBe(0);
    const lines = session.terminal.text.split('\n');
    expect(lines[0]).toBe('2026-11-23 06:38:49');
    expect(lines.filter((line) => line.startsWith('batman\t'))).toHaveLength(2);
  });

  test('takes the cluster of the configuration, and does without any', async () => {
    const session = aSession({ clusters: { batman: BATMAN }, scope: 'batman' });
    expect(await list(LIST, session)).toBe(0);
    expect(session.terminal.text).toContain('postgresql0');
    const none = aSession({});
    expect(await list({ ...LIST, everyMs: 1 }, none)).toBe(0);
    expect(none.terminal.outLines).toEqual([]);
    expect(none.terminal.talkLines).toEqual(['Listing members: No cluster names were provided']);
  });

  test('shows again and again, on a cleared screen', async () => {
    const session = aSession({ clusters: { batman: BATMAN } });
    session.terminal.sleepsLeft = 3;
    await expect(list({ ...LIST, clusters: ['batman'], everyMs: 2_000 }, session)).rejects.toThrow('enough');
    expect(session.terminal.cleared).toBe(3);
    expect(session.terminal.outLines).toHaveLength(3);
  });
});

const HISTORY =
  '[[1,67417464,"no recovery target specified","2026-11-23T06:38:49.683356+00:00","postgresql1"],[2,67417465,"x"]]';

test('history as the contract draws it', async () => {
  const session = aSession({ clusters: { batman: { history: HISTORY.replace(',[2,67417465,"x"]', '') } } });
  expect(await history({ cluster: 'batman', format: 'pretty' }, session)).toBe(0);
  expect(session.terminal.text).toBe(`\
+----+----------+------------------------------+----------------------------------+-------------+
| TL |      LSN | Reason                       | Timestamp                        | New Leader  |
+----+----------+------------------------------+----------------------------------+-------------+
|  1 | 67417464 | no recovery target specified | 2026-11-23T06:38:49.683356+00:00 | postgresql1 |
+----+----------+------------------------------+----------------------------------+-------------+`);
});

test('history keeps what short rows lack as blanks', async () => {
  const session = aSession({ clusters: { batman: { history: HISTORY } } });
  await history({ cluster: 'batman', format: 'json' }, session);
  expect(session.terminal.text).toContain(
    '{"TL": 2, "LSN": 67417465, "Reason": "x", "Timestamp": "", "New Leader": ""}',
  );
});

test('show-config prints sorted YAML and a blank line, or nothing', async () => {
  const config = '{"ttl":30,"postgresql":{"use_slots":true,"parameters":null,"pg_hba":["a","b"]}}';
  const session = aSession({ clusters: { batman: { config } } });
  expect(await showConfig('batman', session)).toBe(0);
  expect(session.terminal.text).toBe(
    'postgresql:\n  parameters: null\n  pg_hba:\n  - a\n  - b\n  use_slots: true\nttl: 30\n',
  );
  const none = aSession({ clusters: { batman: { config: 'nonsense' } } });
  expect(await showConfig('batman', none)).toBe(0);
  expect(none.terminal.outLines).toEqual([]);
});

test('a command without a cluster says so', async () => {
  await expect(showConfig(undefined, aSession({}))).rejects.toThrow('name the cluster');
});

describe('version', () => {
  test('our own needs no configuration', async () => {
    const session = aSession({});
    const opening = { terminal: session.terminal, open: () => Promise.reject(new Error('not needed')) };
    expect(await version({ own: '1.2.3', cluster: undefined, members: [] }, opening)).toBe(0);
    expect(session.terminal.outLines).toEqual(['kornakctl version 1.2.3']);
  });

  test('of members, also of one that does not answer', async () => {
    const session = aSession({
      clusters: { batman: BATMAN },
      api: ({ url }) =>
        url.includes(':38008')
          ? ok({ server_version: 150018, patroni: { version: '4.1.4' } })
          : { kind: 'unreachable', why: 'refused' },
    });
    const opening = { terminal: session.terminal, open: () => Promise.resolve(session) };
    expect(await version({ own: '1', cluster: 'batman', members: [] }, opening)).toBe(0);
    expect(session.terminal.outLines).toEqual([
      'kornakctl version 1',
      '',
      'postgresql0: Patroni 4.1.4 PostgreSQL 15.18',
      'postgresql1: failed to get version: refused',
    ]);
  });

  test.each([
    { number: 150018, text: '15.18' },
    { number: 90624, text: '9.6.24' },
    { number: 100000, text: '10.0' },
  ])('$number is $text', ({ number, text }) => {
    expect(serverVersion(number)).toBe(text);
  });
});

const EVENTS = [
  {
    kind: 'leader.acquired',
    member: 'a',
    wallAt: '2026-11-23T06:00:00.000Z',
    atMs: 1,
    rule: 'B03',
    text: 'a leads',
    evidence: {},
  },
  {
    kind: 'leader.gone',
    member: 'b',
    wallAt: '2026-11-23T07:00:00.000Z',
    atMs: 2,
    rule: 'V01',
    text: 'the leader key is gone',
    evidence: { manner: 'expired' },
  },
  {
    kind: 'leader.acquired',
    member: 'b',
    wallAt: '2026-11-23T07:00:01.250Z',
    atMs: 3,
    rule: 'V05',
    text: 'b leads',
    evidence: { lagBytes: 0, reign: 11.6 },
  },
];
const UNRELATED = {
  kind: 'member.cloned',
  member: 'b',
  wallAt: '2026-11-23T06:58:00.000Z',
  atMs: 2,
  rule: 'R10',
  text: 'cloned',
  evidence: {},
};
const PROMOTED = {
  kind: 'postgres.promoted',
  member: 'b',
  wallAt: '2026-11-23T07:00:02.000Z',
  atMs: 4,
  rule: 'L02',
  text: 'b serves',
  evidence: {},
};
const LATER = {
  kind: 'sync.changed',
  member: 'b',
  wallAt: '2026-11-23T07:05:00.000Z',
  atMs: 5,
  rule: 'S01',
  text: 'later',
  evidence: {},
};

describe('explain', () => {
  const clusters = {
    batman: {
      ...BATMAN,
      leader: 'postgresql1',
      'kornak/events': JSON.stringify([
        ...EVENTS.slice(0, 1),
        UNRELATED,
        ...EVENTS.slice(1),
        'nonsense',
        { kind: 1 },
        LATER,
      ]),
    },
  };
  const api = ({ url }: ApiCall): ApiReply =>
    url.endsWith(':38009/kornak/explain')
      ? ok({ events: [PROMOTED, EVENTS[2]] })
      : { kind: 'unreachable', why: 'refused' };

  test('tells what led to the last role change, its rules, evidence and timers', async () => {
    const session = aSession({ clusters, api });
    expect(await explain({ cluster: 'batman', isJson: false }, session)).toBe(0);
    expect(session.terminal.outLines).toEqual([
      'Cluster batman: postgresql1 leads. Last role change at 2026-11-23T07:00:01.250Z, by rule V05: b leads',
      'It began with rule V01 on b: the leader key is gone',
      '    +0.000 s  b  V01   the leader key is gone',
      '                       manner=expired',
      '    +1.250 s  b  V05   b leads',
      '                       lagBytes=0, reign=12',
      '    +2.000 s  b  L02   b serves',
      'Timers: leader_ttl 6 s, ttl 30 s, loop_wait 10 s, retry_timeout 10 s, health_timeout 5 s, primary_start_timeout 300 s, primary_stop_timeout 0 s',
    ]);
    expect(session.terminal.talkLines).toEqual([
      'postgresql0 does not answer (refused): events that only it knows are missing',
    ]);
  });

  test('as JSON', async () => {
    const session = aSession({ clusters, api });
    await explain({ cluster: 'batman', isJson: true }, session);
    const told: unknown = JSON.parse(session.terminal.text);
    expect(told).toMatchObject({
      cluster: 'batman',
      leader: 'postgresql1',
      events: [{ rule: 'V01' }, { rule: 'V05', evidence: { reign: 11.6 } }, { rule: 'L02' }],
      timers: { leader_ttl: 6 },
    });
  });

  test('the last failover link by link', async () => {
    const session = aSession({ clusters, api });
    expect(await explain({ cluster: 'batman', isJson: false, isChain: true }, session)).toBe(0);
    expect(session.terminal.outLines).toEqual([
      'Cluster batman: postgresql1 leads. Last role change at 2026-11-23T07:00:01.250Z, by rule V05: b leads',
      'It began with rule V01 on b: the leader key is gone',
      'link          at                 after  on  rule',
      'key gone      07:00:00.000              b   V01   the leader key is gone',
      'key taken     07:00:01.250    +1.250 s  b   V05   b leads',
      'writable      07:00:02.000    +0.750 s  b   L02   b serves',
      'From the first to the last link: 2.000 s',
      'Longest: key gone to key taken, 1.250 s',
      expect.stringMatching(/^Timers: /),
    ]);
    const asJson = aSession({ clusters, api });
    await explain({ cluster: 'batman', isJson: true, isChain: true }, asJson);
    expect(JSON.parse(asJson.terminal.text)).toMatchObject({
      chain: {
        leader: 'b',
        previous: null,
        links: [
          { link: 'key gone', at: '2026-11-23T07:00:00.000Z', after_ms: null, member: 'b' },
          { link: 'key taken', after_ms: 1250 },
          { link: 'writable', after_ms: 750 },
        ],
        total_ms: 2000,
        longest: { from: 'key gone', to: 'key taken', ms: 1250 },
      },
    });
  });

  test('says that failsafe mode carries the cluster, as its members tell it', async () => {
    const asked = ({ url }: ApiCall): ApiReply =>
      url.includes(':38009/')
        ? ok({ events: [], failsafe: { leads: true, since_ms: 12_340 } })
        : ok({ events: [], failsafe: { leads: false, leader: 'postgresql1', promised_ms: 2_100 } });
    const session = aSession({ clusters, api: asked });
    expect(await explain({ cluster: 'batman', isJson: false }, session)).toBe(0);
    expect(session.terminal.outLines.filter((line) => line.startsWith('Failsafe'))).toEqual([
      'Failsafe mode: postgresql0 has promised postgresql1 not to lead for 2.1 s more',
      'Failsafe mode: postgresql1 has led without the store for 12.3 s, as every member in /failsafe agrees',
    ]);
  });

  test('where nothing is known it says so', async () => {
    const session = aSession({ clusters: { batman: {} } });
    expect(await explain({ cluster: 'batman', isJson: false }, session)).toBe(0);
    expect(session.terminal.outLines).toEqual([
      'Cluster batman: nobody leads. No role change is recorded.',
      'Timers: there is no dynamic configuration',
    ]);
  });

  test('where the events are gone, the history tells that somebody has led since', async () => {
    const told = '[[1, 83886240, "no recovery target specified", "2026-11-23T08:00:00+00:00", "c"]]';
    const record = '{"name":"c","timeline":2}';
    const known = { batman: { ...clusters.batman, history: told, 'kornak/reign': record } };
    const session = aSession({ clusters: known, api });
    await explain({ cluster: 'batman', isJson: false, isChain: true }, session);
    expect(session.terminal.text).toContain('c has led since, on timeline 2: its events are not recorded');
    expect(session.terminal.text).toContain('/history: timeline 1 ended at 2026-11-23T08:00:00+00:00, c led on:');
  });
});

describe('bootstrap', () => {
  const WHO = { patroni: { scope: 'batman', name: 'postgresql0' } };
  const own = 'http://127.0.0.1:8008/patroni';
  const options = { cluster: 'batman', member: undefined };

  /** An agent that answers the same each time, but for /primary, which turns good after so many asks. */
  function agent(answers: Readonly<Record<string, ApiReply>>, asksUntilPrimary = 0) {
    let asks = 0;
    return ({ url }: ApiCall): ApiReply => {
      const path = new URL(url).pathname;
      if (path === '/primary') {
        asks += 1;
        return ok({}, asks > asksUntilPrimary ? 200 : 503);
      }
      return answers[path] ?? ok({});
    };
  }

  test('begins, tells the progress and waits until the member serves', async () => {
    const api = agent(
      {
        '/patroni': ok(WHO),
        '/kornak/bootstrap': ok('the bootstrap has begun', 202),
        '/kornak/explain': ok({ job: { kind: 'bootstrap', progress: 'initdb', percent: 40 }, events: [] }),
      },
      3,
    );
    const session = aSession({ api, ownApiUrl: own });
    expect(await bootstrap(options, session)).toBe(0);
    expect(session.terminal.talkLines).toEqual(['postgresql0: the bootstrap has begun', 'postgresql0: initdb (40 %)']);
    expect(session.terminal.outLines).toEqual(['Cluster batman is initialised: postgresql0 is its primary']);
    expect(session.calls.filter(({ method }) => method === 'POST').map(({ url }) => url)).toEqual([
      'http://127.0.0.1:8008/kornak/bootstrap',
    ]);
  });

  test.each([
    { name: 'nothing names the member', told: { ownApiUrl: undefined }, options, why: 'say on which member' },
    {
      name: 'the member is not running',
      told: { clusters: { batman: BATMAN } },
      options: { ...options, member: 'x' },
      why: 'no member x of cluster batman is running (running: postgresql0, postgresql1)',
    },
    {
      name: 'no agent answers',
      told: { ownApiUrl: own },
      options,
      why: 'no agent answers at http://127.0.0.1:8008/patroni: refused',
    },
    { name: 'it is no agent', told: { ownApiUrl: own, api: () => ok('<html>') }, options, why: 'is no agent' },
    {
      name: 'another cluster',
      told: { ownApiUrl: own, api: agent({ '/patroni': ok(WHO) }) },
      options: { ...options, cluster: 'x' },
      why: 'belongs to cluster batman, not to x',
    },
  ])('is not even asked for: $name', async ({ told, options: given, why }) => {
    const { ownApiUrl, ...rest } = { ownApiUrl: undefined, ...told };
    const session = aSession(ownApiUrl === undefined ? rest : { ...rest, ownApiUrl });
    await expect(bootstrap(given, session)).rejects.toThrow(why);
    expect(session.calls.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('is refused with the reason', async () => {
    const api = agent({ '/patroni': ok(WHO), '/kornak/bootstrap': ok('the cluster exists', 409) });
    await expect(bootstrap(options, aSession({ api, ownApiUrl: own }))).rejects.toThrow(
      'postgresql0 refuses: the cluster exists (status 409)',
    );
  });

  test('fails with what the agent told, not with what it told before', async () => {
    const failed = {
      kind: 'bootstrap.failed',
      member: 'postgresql0',
      wallAt: '2026-11-23T07:00:00Z',
      text: 'no space left',
      rule: 'B09',
    };
    let asked = false;
    const api = (call: ApiCall): ApiReply => {
      if (call.method === 'POST') asked = true;
      const path = new URL(call.url).pathname;
      if (path === '/patroni') return ok(WHO);
      if (path === '/kornak/bootstrap') return ok('begun', 202);
      if (path === '/primary') return ok({}, 503);
      return ok({ events: [{ ...failed, wallAt: '2026-11-22T07:00:00Z', text: 'old' }, ...(asked ? [failed] : [])] });
    };
    await expect(bootstrap(options, aSession({ api, ownApiUrl: own }))).rejects.toThrow(
      'bootstrap failed on postgresql0: no space left',
    );
  });

  test('gives up on an agent that is heard no more', async () => {
    let begun = false;
    const api = (call: ApiCall): ApiReply => {
      if (begun) return { kind: 'unreachable', why: 'refused' };
      begun = call.method === 'POST';
      return call.method === 'POST' ? ok('begun', 202) : ok(WHO);
    };
    await expect(bootstrap(options, aSession({ api, ownApiUrl: own }))).rejects.toThrow('does not answer any more');
  });
});
