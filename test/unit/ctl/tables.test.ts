import { expect, test } from 'vitest';
import { prettyTable } from '../../../src/ctl/pretty-table.ts';
import { printedMembers } from '../../../src/ctl/print-members.ts';
import type { Format } from '../../../src/ctl/format.ts';
import { BATMAN, member, readingOf, STREAMS } from './a-session.ts';

function shown(values: Readonly<Record<string, string>>, format: Format = 'pretty', isExtended = false): string {
  return printedMembers({ cluster: 'batman', view: readingOf(values).view, format, isExtended });
}

test('a plain cluster', () => {
  expect(shown(BATMAN)).toBe(
    `\
+ Cluster: batman (7711251641445478941) --+-----------+----+-------------+-----+------------+-----+
| Member      | Host            | Role    | State     | TL | Receive LSN | Lag | Replay LSN | Lag |
+-------------+-----------------+---------+-----------+----+-------------+-----+------------+-----+
| postgresql0 | 127.0.0.1:35430 | Leader  | running   |  1 |             |     |            |     |
| postgresql1 | 127.0.0.1:35431 | Replica | streaming |  1 |   0/4000060 |   0 |  0/4000060 |   0 |
+-------------+-----------------+---------+-----------+----+-------------+-----+------------+-----+`,
  );
});

const PENDING =
  ',"pending_restart":true,"pending_restart_reason":{"max_connections":{"old_value":"100","new_value":"101"}}';

test('rows of several lines are ruled off, and a scheduled switchover stands below: the example of the contract', () => {
  const values = {
    initialize: '7711251641445478941',
    leader: 'postgresql0',
    'members/postgresql0': member(35430, 'primary', PENDING),
    'members/postgresql2': member(
      35432,
      'replica',
      `${STREAMS}${PENDING},"tags":{"clonefrom":true,"replicatefrom":"postgresql1"}`,
    ).replaceAll('67108960', '67416760'),
    failover: '{"leader":"postgresql0","member":"postgresql2","scheduled_at":"2030-01-01T00:00:00+00:00"}',
    status: '{"optime":67416760}',
  };
  expect(shown(values)).toBe(`\
+ Cluster: batman (7711251641445478941) --+-----------+----+-------------+-----+------------+-----+-----------------+---------------------------+----------------------------+
| Member      | Host            | Role    | State     | TL | Receive LSN | Lag | Replay LSN | Lag | Pending restart | Pending restart reason    | Tags                       |
+-------------+-----------------+---------+-----------+----+-------------+-----+------------+-----+-----------------+---------------------------+----------------------------+
| postgresql0 | 127.0.0.1:35430 | Leader  | running   |  1 |             |     |            |     | *               | max_connections: 100->101 |                            |
+-------------+-----------------+---------+-----------+----+-------------+-----+------------+-----+-----------------+---------------------------+----------------------------+
| postgresql2 | 127.0.0.1:35432 | Replica | streaming |  1 |   0/404B2B8 |   0 |  0/404B2B8 |   0 | *               | max_connections: 100->101 | clonefrom: true            |
|             |                 |         |           |    |             |     |            |     |                 |                           | replicatefrom: postgresql1 |
+-------------+-----------------+---------+-----------+----+-------------+-----+------------+-----+-----------------+---------------------------+----------------------------+
 Switchover scheduled at: 2030-01-01T00:00:00+00:00
                    from: postgresql0
                      to: postgresql2`);
});

test('an unknown cluster is an empty table: the example of the contract', () => {
  expect(printedMembers({ cluster: 'nonexist', view: readingOf({}).view, format: 'pretty' })).toBe(`\
+ Cluster: nonexist (uninitialized) +-------------+-----+------------+-----+
| Member | Host | Role | State | TL | Receive LSN | Lag | Replay LSN | Lag |
+--------+------+------+-------+----+-------------+-----+------------+-----+
+--------+------+------+-------+----+-------------+-----+------------+-----+`);
});

test('a stopped member has unknown positions and no lag', () => {
  const values = {
    initialize: '',
    'members/a': '{"state":"stopped","role":"replica","conn_url":"postgres://h:5432/x"}',
  };
  expect(shown(values)).toBe(`\
+ Cluster: batman (initializing) ---+----+-------------+-----+------------+-----+
| Member | Host | Role    | State   | TL | Receive LSN | Lag | Replay LSN | Lag |
+--------+------+---------+---------+----+-------------+-----+------------+-----+
| a      | h    | Replica | stopped |    |     unknown |     |    unknown |     |
+--------+------+---------+---------+----+-------------+-----+------------+-----+`);
});

test('json: one line, empty values left out', () => {
  expect(shown(BATMAN, 'json')).toBe(
    '[{"Cluster": "batman", "Member": "postgresql0", "Host": "127.0.0.1:35430", "Role": "Leader", "State": "running", "TL": 1}, {"Cluster": "batman", "Member": "postgresql1", "Host": "127.0.0.1:35431", "Role": "Replica", "State": "streaming", "TL": 1, "Receive LSN": "0/4000060", "Receive Lag": 0, "Replay LSN": "0/4000060", "Replay Lag": 0}]',
  );
});

test('tsv: empty cells kept, the cluster first', () => {
  const tagged = {
    ...BATMAN,
    'members/postgresql1': member(35431, 'replica', `${STREAMS},"tags":{"clonefrom":true,"zone":"on"}`),
  };
  expect(shown(tagged, 'tsv')).toBe(
    [
      'Cluster\tMember\tHost\tRole\tState\tTL\tReceive LSN\tReceive Lag\tReplay LSN\tReplay Lag\tTags',
      'batman\tpostgresql0\t127.0.0.1:35430\tLeader\trunning\t1\t\t\t\t\t',
      "batman\tpostgresql1\t127.0.0.1:35431\tReplica\tstreaming\t1\t0/4000060\t0\t0/4000060\t0\t{clonefrom: true, zone: 'on'}",
    ].join('\n'),
  );
});

test('yaml: sorted keys, a dash for each member', () => {
  expect(shown(BATMAN, 'yaml')).toBe(`\
- Cluster: batman
  Host: 127.0.0.1:35430
  Member: postgresql0
  Role: Leader
  State: running
  TL: 1
- Cluster: batman
  Host: 127.0.0.1:35431
  Member: postgresql1
  Receive LSN: 0/4000060
  Receive Lag: 0
  Replay LSN: 0/4000060
  Replay Lag: 0
  Role: Replica
  State: streaming
  TL: 1`);
  expect(shown({}, 'yml')).toBe('[]');
});

test.each([
  { lag: 1024 * 1024, shownLag: '1' },
  { lag: 1024 * 512, shownLag: '0' },
  { lag: 1024 * 512 + 1, shownLag: '1' },
  { lag: 1024 * 1536, shownLag: '2' },
  { lag: 1024 * 2560, shownLag: '2' },
  { lag: -5, shownLag: '0' },
])('$lag bytes are shown as $shownLag MB', ({ lag, shownLag }) => {
  const values = { ...BATMAN, status: `{"optime":${67108960 + lag}}` };
  expect(shown(values, 'tsv').split('\n')[2]?.split('\t')[7]).toBe(shownLag);
});

test('a member of an old version tells one position', () => {
  const old = (state: string) =>
    shown({ leader: 'x', 'members/a': `{"xlog_location":100,${state}}`, status: '{"optime":100}' }, 'tsv').split(
      '\n',
    )[1];
  expect(old('"state":"running","replication_state":"streaming"')).toBe(
    'batman\ta\t\tReplica\tstreaming\t\t0/64\t0\tunknown\t',
  );
  expect(old('"state":"running"')).toBe('batman\ta\t\tReplica\trunning\t\tunknown\t\t0/64\t0');
});

test('roles, pause, long reasons and scheduled restarts', () => {
  const reason = `,"pending_restart_reason":{"${'x'.repeat(30)}":{"old_value":"${'y'.repeat(20)}","new_value":"1"}}`;
  const values = {
    config: '{"pause":true,"synchronous_mode":"on"}',
    leader: 'a',
    'members/a': '{"role":"standby_leader","state":"running","replication_state":"streaming"}',
    'members/b': `{"state":"running","pending_restart":true${reason},"scheduled_restart":{"schedule":"S","postgres_version":"15.2"}}`,
    sync: '{"leader":"a","sync_standby":"b"}',
  };
  const text = shown(values);
  expect(text).toContain('| Standby Leader | streaming |');
  expect(text).toContain('| Sync Standby   | running   |');
  expect(text).toContain(`| ${'x'.repeat(30)}: [hidden - too long] |`);
  expect(text).toContain('| S if version < 15.2 |');
  expect(text.split('\n').at(-1)).toBe(' Maintenance mode: on');
});

test('all columns on demand', () => {
  expect(shown(BATMAN, 'pretty', true)).toContain(
    '| Pending restart | Pending restart reason | Scheduled restart | Tags |',
  );
});

test('a title is cut where the table is narrow', () => {
  expect(prettyTable([{ title: 'A' }], [['1']], ' Cluster: long ')).toBe('+ Cl+\n| A |\n+---+\n| 1 |\n+---+');
});
