import { describe, expect, test } from 'vitest';
import { pause } from '../../../src/ctl/commands/pause.ts';
import { Refusal } from '../../../src/ctl/refusal.ts';
import { aSession, BATMAN, type FakeSession, type Told } from './a-session.ts';

const OPTIONS = { cluster: 'batman', isPatient: false };
const DONE = { kind: 'answered', status: 200, body: '{}' } as const;

function session(more: Partial<Told> = {}, keys: Readonly<Record<string, string>> = {}): FakeSession {
  return aSession({ clusters: { batman: { ...BATMAN, ...keys } }, api: () => DONE, ...more });
}

describe('pause', () => {
  test('patches the configuration through the leader', async () => {
    const one = session();
    expect(await pause('pause', OPTIONS, one)).toBe(0);
    expect(one.calls).toHaveLength(1);
    expect(one.calls[0]).toMatchObject({ method: 'PATCH', body: { pause: true } });
    expect(one.calls[0]?.url).toMatch(/\/config$/);
    expect(one.terminal.text).toBe('Success: cluster management is paused');
  });

  test('asks the next member where one is not reached, and nobody after an answer', async () => {
    const one = session({
      api: ({ url }) => (url.includes(':8008') ? { kind: 'unreachable', why: 'refused' } : DONE),
    });
    await pause('pause', OPTIONS, one);
    const silent = session({ api: () => ({ kind: 'unreachable', why: 'refused' }) });
    await expect(pause('pause', OPTIONS, silent)).rejects.toThrow('Can not find accessible cluster member');
    expect(silent.calls.length).toBeGreaterThan(1);
  });

  test('tells what an API refused', async () => {
    const one = session({ api: () => ({ kind: 'answered', status: 503, body: 'no' }), isStrict: true });
    expect(await pause('pause', OPTIONS, one)).toBe(1);
    expect(one.terminal.text).toBe('Failed: pause cluster management status code=503, (no)');
  });

  test.each([
    ['pause', '{"pause":true}', 'Cluster is already paused'],
    ['resume', '{"loop_wait":10}', 'Cluster is not paused'],
  ] as const)('%s is refused where it is so already', async (action, config, text) => {
    const one = session({}, { config });
    await expect(pause(action, OPTIONS, one)).rejects.toThrow(new Refusal(text));
    expect(one.calls).toEqual([]);
  });

  test('resumes by taking the setting away', async () => {
    const one = session({}, { config: '{"pause":true}' });
    await pause('resume', OPTIONS, one);
    expect(one.calls[0]).toMatchObject({ body: { pause: null } });
    expect(one.terminal.text).toBe('Success: cluster management is resumed');
  });

  test('waits by the members’ keys, and names who has not seen it', async () => {
    const one = session({}, { config: '{"loop_wait":3}' });
    expect(await pause('pause', { ...OPTIONS, isPatient: true }, one)).toBe(1);
    const [first, last] = one.terminal.outLines;
    expect(first).toBe("'pause' request sent, waiting until it is recognized by all nodes");
    expect(last).toMatch(/^\S+(, \S+)* members didn't recognized pause state after 4 seconds$/);
    const seen = session({}, { config: '{"pause":true}' });
    expect(await pause('resume', { ...OPTIONS, isPatient: true }, seen)).toBe(0);
  });
});
