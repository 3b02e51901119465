import { expect, test } from 'vitest';
import { editConfig, type EditConfigOptions } from '../../../src/ctl/commands/edit-config.ts';
import { withPair } from '../../../src/ctl/config-change.ts';
import { unifiedDiff } from '../../../src/ctl/unified-diff.ts';
import { aSession, BATMAN, type FakeSession } from './a-session.ts';

const CONFIG = '{"ttl":30,"loop_wait":10,"postgresql":{"parameters":{"work_mem":"4MB"}}}';
const NOTHING: EditConfigOptions = {
  cluster: 'batman',
  isQuiet: false,
  isForced: false,
  pairs: [],
  replaceFile: undefined,
  applyFile: undefined,
};

async function edit(
  options: Partial<EditConfigOptions>,
  files: Readonly<Record<string, string>> = {},
  config = CONFIG,
): Promise<{ readonly session: FakeSession; readonly written: unknown; readonly code: number }> {
  const session = aSession({ clusters: { batman: { ...BATMAN, config } }, answers: ['y'] });
  session.terminal.files = files;
  const code = await editConfig({ ...NOTHING, ...options }, session);
  return { session, code, written: session.configs[0]?.config };
}

test('a change is shown, confirmed and written if nobody was faster', async () => {
  const { session } = await edit({ pairs: ['ttl=40', 'postgresql.parameters.work_mem=null'] });
  expect(session.terminal.text).toBe(`\
---${' '}
+++${' '}
@@ -1,5 +1,2 @@
 loop_wait: 10
-postgresql:
-  parameters:
-    work_mem: 4MB
-ttl: 30
+ttl: 40
Configuration changed`);
  expect(session.terminal.questions).toEqual(['Apply these changes? [y/N]: ']);
  expect(session.configs).toEqual([{ cluster: 'batman', config: { loop_wait: 10, ttl: 40 }, revision: 11 }]);
});

test('without options an editor is opened on the whole as YAML', async () => {
  const { session, written } = await edit({}, { editor: 'ttl: 20\n' });
  expect(session.terminal.editedText).toBe('loop_wait: 10\npostgresql:\n  parameters:\n    work_mem: 4MB\nttl: 30\n');
  expect(written).toEqual({ ttl: 20 });
});

test('a file replaces, another is merged into it, then come single values', async () => {
  const files = { r: 'ttl: 20\nloop_wait: 5\n', a: 'ttl: null\npause: true\n' };
  const options = { replaceFile: 'r', applyFile: 'a', pairs: ['loop_wait=7'], isForced: true };
  const { session, written } = await edit(options, files);
  expect(written).toEqual({ pause: true, loop_wait: 7 });
  expect(session.terminal.questions).toEqual([]);
});

test.each<{ readonly name: string; readonly options: Partial<EditConfigOptions>; readonly text: string }>([
  { name: 'what changes nothing', options: { pairs: ['ttl=30'] }, text: 'Not changed' },
  { name: 'an editor left as it was', options: {}, text: 'Not changed' },
  { name: 'stdin', options: { applyFile: '-', isQuiet: true }, text: 'Use --force option to apply changes' },
])('$name is not written', async ({ options, text }) => {
  const { session, code } = await edit(options, { '-': 'ttl: 50' });
  expect(session.terminal.text).toBe(text);
  expect(session.configs).toEqual([]);
  expect(code).toBe(0);
});

test('quiet shows no diff, and No is no error', async () => {
  const session = aSession({ clusters: { batman: BATMAN }, answers: ['n'] });
  expect(await editConfig({ ...NOTHING, pairs: ['ttl=40'], isQuiet: true }, session)).toBe(0);
  expect(session.terminal.outLines).toEqual([]);
  expect(session.configs).toEqual([]);
});

test('a document that cannot be used can be repaired, and one to come is warned of', async () => {
  const { session, written } = await edit({ pairs: ['kept=2', 'pause=perhaps'] }, {}, '{"ttl":"soon","kept":1}');
  expect(written).toEqual({ ttl: 'soon', kept: 2, pause: 'perhaps' });
  expect(session.terminal.talkLines).toEqual([
    'Warning: pause: perhaps: must be true or false; false is used',
    'Warning: ttl: soon: must be a whole number of seconds',
    'Warning: kept: is no key that Kornak or Patroni knows; it has no effect',
  ]);
});

test.each([
  ['loop_wait=often', 'Not changed: loop_wait: often: must be a whole number of seconds'],
  ['synchronous_node_count=0', 'Not changed: synchronous_node_count: 0: must be at least 1'],
  ['standby_cluster.port=0', 'Not changed: standby_cluster: must name whom to follow: host, port or restore_command'],
  ['standby_cluster=on', 'Not changed: standby_cluster: true: must name whom to follow'],
  [
    'kornak.leader_ttl=46',
    'Not changed: kornak.leader_ttl: 46: must be at most 45 s beside a ttl of 30 s: lower it, or raise ttl',
  ],
  ['kornak.leader_ttl=1500ms', 'Not changed: kornak.leader_ttl: 1500ms: must be at least 2 s'],
  ['standby_cluster={host: "a b"}', 'Not changed: standby_cluster.host: a b: must be a host name or an address'],
  ['standby_cluster={host: a, port: x}', 'Not changed: standby_cluster.port: x: must be a port between 1 and 65535'],
  ['synchronous_node_count=-2', 'Not changed: synchronous_node_count: -2: must be at least 1'],
])('%s, which members could not use, is refused with the reason', async (pair, why) => {
  await expect(edit({ pairs: [pair] })).rejects.toThrow(why);
});

test('keys that have no effect are kept, and warned of with what may have been meant', async () => {
  const pairs = ['loop_wiat=5', 'use_pg_rewind=true', 'postgresql.parametres.work_mem=secret', 'mine=1'];
  const { session, written } = await edit({ pairs });
  expect(written).toMatchObject({ loop_wiat: 5, use_pg_rewind: true, mine: 1 });
  const unknown = 'is no key that Kornak or Patroni knows; it has no effect';
  expect(session.terminal.talkLines).toEqual([
    `Warning: loop_wiat: ${unknown}; did you mean loop_wait?`,
    `Warning: use_pg_rewind: ${unknown}; it belongs at postgresql.use_pg_rewind`,
    `Warning: postgresql.parametres: ${unknown}; did you mean parameters?`,
    `Warning: mine: ${unknown}`,
  ]);
});

test('of thousands of them a few are named, and how many there are besides', async () => {
  const map = (prefix: string): string => Array.from({ length: 1_500 }, (_, nth) => `${prefix}${nth}: x`).join(', ');
  const { session } = await edit({ applyFile: '-' }, { '-': `{${map('odd_')}, slots: {${map('A')}}}` });
  const { talkLines } = session.terminal;
  expect(talkLines).toHaveLength(22);
  expect(talkLines[9]).toMatch(/^Warning: slots\.A9: x: must be|^Warning: slots\.A9: x: is no name/);
  expect(talkLines[10]).toBe('Warning: and 1490 more values that cannot be used');
  expect(talkLines[20]).toMatch(/^Warning: odd_9: is no key/);
  expect(talkLines[21]).toBe('Warning: and 1490 more keys that have no effect');
});

test('keys that are known but not acted on there are named', async () => {
  const { session } = await edit({ pairs: ['postgresql.callbacks.on_start=/x', 'kornak.leader_ttl=6'] });
  expect(session.terminal.talkLines).toEqual([
    'Warning: postgresql.callbacks: is known but not acted on in the shared configuration yet',
  ]);
});

test('timings that do not fit are warned of with what is used instead, as the contract has it', async () => {
  const { session, written } = await edit({ pairs: ['ttl=20', 'loop_wait=10', 'retry_timeout=8'] });
  expect(written).toMatchObject({ ttl: 20, loop_wait: 10, retry_timeout: 8 });
  expect(session.terminal.talkLines).toEqual([
    'Warning: loop_wait: 10: loop_wait + 2 * retry_timeout exceeds ttl 20; 4 is used',
  ]);
});

test('a count of synchronous standbys that the members cannot reach is warned of', async () => {
  const { session, written } = await edit({ pairs: ['synchronous_mode=quorum', 'synchronous_node_count=9'] });
  expect(written).toMatchObject({ synchronous_node_count: 9 });
  expect(session.terminal.talkLines.join()).toContain('Warning: synchronous_node_count: 9: only');
});

test.each([
  { name: 'no key', config: '', options: {}, why: 'The config key does not exist in the cluster batman' },
  { name: 'no pair', config: CONFIG, options: { pairs: ['ttl'] }, why: 'Invalid parameter setting ttl' },
  { name: 'no path', config: CONFIG, options: { pairs: ['a..b=1'] }, why: 'Invalid parameter setting a..b=1' },
  { name: 'no YAML', config: CONFIG, options: { pairs: ['ttl=[1'] }, why: 'Invalid parameter setting ttl=[1' },
  { name: 'no map', config: CONFIG, options: { replaceFile: 'list' }, why: 'must be a map' },
])('$name is refused', async ({ config, options, why }) => {
  await expect(edit(options, { list: '- 1' }, config)).rejects.toThrow(why);
});

test.each([
  { pair: 'a.b.c=1', value: { a: { b: { c: 1 } } } },
  { pair: 'a=on', value: { a: true } },
  { pair: 'a=x=y', value: { a: 'x=y' } },
  { pair: 'a={b: [1]}', value: { a: { b: [1] } } },
  { pair: 'a.b=null', value: {} },
  {
    pair: 'postgresql.parameters.pg_stat.track=all',
    value: { postgresql: { parameters: { 'pg_stat.track': 'all' } } },
  },
])('$pair', ({ pair, value }) => {
  expect(withPair({}, pair)).toEqual(value);
});

test('a diff has a hunk for each group of changes, with three lines around', () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const after = before.map((line, index) => (index === 2 || index === 17 ? `${line}!` : line));
  const diff = unifiedDiff(before.join('\n'), after.join('\n'));
  expect(diff.filter((line) => line.startsWith('@@'))).toEqual(['@@ -1,6 +1,6 @@', '@@ -15,6 +15,6 @@']);
  expect(unifiedDiff('', 'a\n')).toEqual(['--- ', '+++ ', '@@ -0,0 +1 @@', '+a']);
  expect(unifiedDiff('a', 'a\n')).toEqual([]);
});

test('whatever changes, a diff leads from the one to the other', () => {
  const texts = ['', 'a', 'b\na', 'a\nb\na', 'a\nc\nb\na\na', 'x\na\nb\nc', 'c\nb\na'];
  for (const before of texts) {
    for (const after of texts) {
      const body = unifiedDiff(before, after).slice(3);
      const side = (mark: string): string =>
        body
          .filter((line) => !line.startsWith(mark))
          .map((line) => line.slice(1))
          .join('\n');
      if (before !== after) expect([side('+'), side('-')]).toEqual([before, after]);
    }
  }
});
