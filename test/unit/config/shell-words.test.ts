import { expect, test } from 'vitest';
import { shellWords } from '../../../src/config/shell-words.ts';

test.each([
  ['/bin/cb.sh', ['/bin/cb.sh']],
  ['  cb   -v  --to x ', ['cb', '-v', '--to', 'x']],
  [`cb 'two words' "and \\"more\\""`, ['cb', 'two words', 'and "more"']],
  [String.raw`cb a\ b "c\d" 'e\f'`, ['cb', 'a b', String.raw`c\d`, String.raw`e\f`]],
  [`cb ''`, ['cb', '']],
  ['cb $HOME;ls', ['cb', '$HOME;ls']],
  ['', []],
])('%s', (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

test.each([`cb 'open`, `cb "open`, 'cb \\'])('%s is not closed', (text) => {
  expect(shellWords(text)).toBeUndefined();
});
