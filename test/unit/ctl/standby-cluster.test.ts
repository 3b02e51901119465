import { describe, expect, test } from 'vitest';
import { demoteCluster, promoteCluster } from '../../../src/ctl/commands/standby-cluster.ts';
import { aSession, BATMAN, type FakeSession, readingOf, type Told } from './a-session.ts';

const OPTIONS = { cluster: 'batman', isForced: false };
const TARGET = { host: 'far', port: undefined, restoreCommand: undefined, primarySlotName: undefined };
const DONE = { kind: 'answered', status: 200, body: '{}' } as const;
const OF_STANDBY = '{"standby_cluster":{"host":"far"}}';

const member = (role: string, state = 'running'): string =>
  `{"conn_url":"postgres://127.0.0.1:5432/postgres","api_url":"http://127.0.0.1:8008/patroni","state":"${state}","role":"${role}"}`;

/** What the store shows, reading by reading; the last stays. */
function session(readings: readonly Readonly<Record<string, string>>[], more: Partial<Told> = {}): FakeSession {
  const one = aSession({ answers: ['y'], api: () => DONE, ...more });
  let next = 0;
  const keys = () => Object.entries({ ...BATMAN, ...readings[Math.min(next++, readings.length - 1)] });
  const read = () => Promise.resolve(readingOf(Object.fromEntries(keys().filter(([, value]) => value !== ''))));
  return { ...one, dcs: { ...one.dcs, read } };
}

const LEADS = { leader: 'postgresql0', 'members/postgresql0': member('primary') };

describe('demote-cluster', () => {
  test('asks, patches the leader, and tells once a second how far it is', async () => {
    const one = session([
      LEADS,
      { ...LEADS, 'members/postgresql0': member('demoted', 'stopped') },
      { ...LEADS, config: OF_STANDBY, 'members/postgresql0': member('standby_leader') },
    ]);
    const target = { ...TARGET, port: '5433', primarySlotName: 'near', restoreCommand: 'cp %f %p' };
    expect(await demoteCluster({ ...OPTIONS, target }, one)).toBe(0);
    expect(one.terminal.questions).toEqual(['Are you sure you want to demote batman cluster? [y/N]: ']);
    expect(one.calls[0]).toMatchObject({
      method: 'PATCH',
      body: { standby_cluster: { host: 'far', port: '5433', primary_slot_name: 'near', restore_command: 'cp %f %p' } },
    });
    const lines = one.terminal.outLines.filter((line) => line.startsWith('2026-'));
    expect(lines).toEqual([
      '2026-11-23 06:38:50 cluster is unlocked: False, leader role: demoted, leader state: stopped',
      '2026-11-23 06:38:51 cluster is successfully demoted',
    ]);
  });

  test('waits for who led before, whoever leads now', async () => {
    const moved = { leader: 'postgresql1', 'members/postgresql1': member('standby_leader'), config: OF_STANDBY };
    const one = session([
      LEADS,
      { ...moved, 'members/postgresql0': member('demoted', 'stopped') },
      { ...moved, 'members/postgresql0': member('replica') },
    ]);
    expect(await demoteCluster({ ...OPTIONS, isForced: true, target: TARGET }, one)).toBe(0);
    expect(one.terminal.questions).toEqual([]);
    expect(one.terminal.text).toContain(
      "cluster is unlocked: False, leader role: standby_leader, leader state: running, previous leader state: 'stopped'",
    );
  });

  test.each([
    ['nobody leads', { leader: '' }, TARGET, 'Cluster has no leader, demotion is not possible'],
    ['it is one', { config: OF_STANDBY }, TARGET, 'Cluster is already in the required state'],
    ['nothing is named', {}, { ...TARGET, host: undefined }, 'At least --host, --port or --restore-command'],
    ['the port is none', {}, { ...TARGET, port: 'x' }, 'standby_cluster.port: x: must be a port'],
  ])('refused where %s', async (_, keys, target, why) => {
    const one = session([{ ...LEADS, ...keys }]);
    await expect(demoteCluster({ ...OPTIONS, target }, one)).rejects.toThrow(why);
    expect(one.calls).toEqual([]);
  });
});

describe('promote-cluster', () => {
  const before = { ...LEADS, config: OF_STANDBY, 'members/postgresql0': member('standby_leader') };

  test('says that nothing stops the other cluster, takes the section out and waits for a primary', async () => {
    const one = session([before, before, LEADS]);
    expect(await promoteCluster(OPTIONS, one)).toBe(0);
    expect(one.terminal.talkLines[0]).toContain('Nothing stops the other cluster');
    expect(one.terminal.questions).toEqual(['Are you sure you want to promote batman cluster? [y/N]: ']);
    expect(one.calls[0]).toMatchObject({ method: 'PATCH', body: { standby_cluster: null } });
    const lines = one.terminal.outLines.filter((line) => line.startsWith('2026-'));
    expect(lines).toEqual([
      '2026-11-23 06:38:50 cluster is unlocked: False, leader role: standby_leader, leader state: running',
      '2026-11-23 06:38:51 cluster is successfully promoted',
    ]);
  });

  test('is refused where the cluster stands by for nobody, and where nobody says yes', async () => {
    await expect(promoteCluster(OPTIONS, session([LEADS]))).rejects.toThrow('Cluster is already in the required state');
    const one = session([before], { answers: ['n'] });
    await expect(promoteCluster(OPTIONS, one)).rejects.toThrow('Aborted cluster promotion');
    expect(one.calls).toEqual([]);
  });

  test('what the API refused is told, and a cluster that does not come to it in time', async () => {
    const refused = session([before], { api: () => ({ kind: 'answered', status: 409, body: 'no' }), isStrict: true });
    expect(await promoteCluster(OPTIONS, refused)).toBe(1);
    expect(refused.terminal.text).toContain('Failed to promote batman cluster: status code=409, (no)');
    const late = session([before]);
    expect(await promoteCluster(OPTIONS, late)).toBe(1);
    expect(late.terminal.text).toContain('after 10 minutes the cluster is not promoted yet');
  });
});
