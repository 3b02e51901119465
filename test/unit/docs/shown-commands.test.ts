// What the documents tell people to type at 3 a.m. must exist: each `kornakctl …` in them is held against the command line itself.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { ctlProgram } from '../../../src/ctl/program.ts';
import { FakeTerminal } from '../ctl/a-session.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FILES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('adr'))
    .map((name) => join('docs', name)),
];

/** In a code block to the end of the line, and between backticks. */
function commandsIn(text: string): readonly string[] {
  const found = [...text.matchAll(/(?:^\$? ?|`)kornakctl ([^`\n]*)/gm)].map(([, rest]) => rest ?? '');
  return found.map((rest) => rest.replace(/\s#.*$/, '').trim()).filter((rest) => rest !== '');
}

const SHOWN = FILES.flatMap((file) =>
  commandsIn(readFileSync(join(ROOT, file), 'utf8')).map((line) => [file, line] as const),
);

const program = ctlProgram({
  terminal: new FakeTerminal(),
  ownVersion: () => '',
  open: () => Promise.reject(new Error('not to be run')),
  done: () => {},
});

/** What is optional in the text is to exist like anything else. */
function wordsOf(line: string): readonly string[] {
  return line
    .replaceAll(/[[\],]|\.\.\./g, ' ')
    .split(/[\s|]+/)
    .filter((word) => word !== '');
}

function unknownIn(line: string): readonly string[] {
  let command: Command = program;
  const unknown: string[] = [];
  const words = [...wordsOf(line)];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const name = word.split('=')[0] ?? '';
    const option = [...command.options, ...program.options].find(({ long, short }) => long === name || short === name);
    const below: Command | undefined = command.commands.find((each) => each.name() === name);
    if (option !== undefined) {
      if (option.required && !word.includes('=')) words.shift();
    } else if (below !== undefined) command = below;
    else if (word.startsWith('-') || command.commands.length > 0) unknown.push(word);
  }
  return unknown;
}

test('documents show commands', () => {
  expect(SHOWN.length).toBeGreaterThan(40);
  expect(unknownIn('list --nonsense')).toEqual(['--nonsense']);
  expect(unknownIn('nonsense')).toEqual(['nonsense']);
});

test.each(SHOWN)('%s: kornakctl %s exists', (_, line) => {
  expect(unknownIn(line)).toEqual([]);
});
