import { describe, expect, test } from 'vitest';
import { readOptions } from '../../../src/demo/options.ts';
import { actionText, parseScript } from '../../../src/demo/script.ts';

const everyWord = 'wait 5; kill-leader; kill-postgres; kill-agent; freeze-leader; switchover; restore; wait 0.5; quit';

test('every word is understood, in the order in which it stands', () => {
  const parsed = parseScript(everyWord);
  expect(parsed.kind).toBe('script');
  if (parsed.kind === 'script') expect(parsed.actions.map(actionText).join('; ')).toBe(everyWord);
});

test('white space and empty statements change nothing', () => {
  expect(parseScript(' ;\n wait   5 ;;quit\n')).toEqual({
    kind: 'script',
    actions: [{ kind: 'wait', seconds: 5 }, { kind: 'quit' }],
  });
});

test.each<{ name: string; script: string; why: string }>([
  { name: 'an unknown word', script: 'wait 1; explode', why: '"explode" is none of' },
  { name: 'a wait without seconds', script: 'wait', why: '"wait" is none of' },
  { name: 'a wait of less than nothing', script: 'wait -1', why: '"wait -1" is none of' },
  { name: 'a wait of more than a day', script: 'wait 100000', why: '"wait 100000" is none of' },
  { name: 'words after quit', script: 'quit; wait 1', why: 'nothing can follow "quit"' },
])('$name is refused by name', ({ script, why }) => {
  const parsed = parseScript(script);
  expect(parsed.kind === 'invalid' ? parsed.why : '').toContain(why);
});

describe('options', () => {
  test('without any, three members and the keys', () => {
    const options = { dir: undefined, keep: false, script: undefined, memberCount: 3 };
    expect(readOptions([])).toEqual({ kind: 'run', options });
  });

  test('all of them, and the answer to a question that was asked before', () => {
    const argv = ['--yes', '--dir', '/tmp/x', '--keep', '--script', 'quit', '--members', '2'];
    const options = { dir: '/tmp/x', keep: true, script: [{ kind: 'quit' }], memberCount: 2 };
    expect(readOptions(argv)).toEqual({ kind: 'run', options });
  });

  test.each([
    ['--members', '0'],
    ['--members', '9'],
    ['--members', 'three'],
    ['--dir', ''],
    ['--script', 'explode'],
    ['--fast'],
    ['start'],
  ])('%s %s is refused with a reason', (...argv) => {
    const read = readOptions(argv);
    expect(read.kind === 'invalid' ? read.why : '').not.toBe('');
  });

  test('help is for the asking', () => {
    expect(readOptions(['-h'])).toEqual({ kind: 'help' });
  });
});
