// The editor and the pager that people have chosen, on their terminal.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from './refusal.ts';

/** What the text is once the editor has ended. */
export function edited(text: string, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kornakctl-'));
  const file = join(folder, name);
  try {
    writeFileSync(file, text, { mode: 0o600 });
    const chosen = process.env['EDITOR'] ?? '';
    const ended = ran(chosen === '' ? ['editor', 'vi'] : [chosen], file);
    if (ended === undefined) throw new Refusal('no editor is found: set EDITOR, or give the changes as options');
    if (ended !== 0) throw new Refusal(`the editor ended with ${ended}: nothing is changed`);
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Exit code of the first program that is there. It may come with arguments, as EDITOR does. */
function ran(programs: readonly string[], file: string): number | undefined {
  for (const program of programs) {
    const [name = '', ...args] = program.trim().split(/\s+/);
    const { error, status } = spawnSync(name, [...args, file], { stdio: 'inherit' });
    if (error === undefined) return status ?? 1;
  }
  return undefined;
}

/** Whether a pager has shown it. */
export function paged(text: string): boolean {
  const chosen = process.env['PAGER'] ?? '';
  const env = { ...process.env, LESS: process.env['LESS'] ?? 'FRX' };
  return (chosen === '' ? ['less', 'more'] : [chosen]).some((program) => {
    const [name = '', ...args] = program.trim().split(/\s+/);
    const stdio: ['pipe', 'inherit', 'inherit'] = ['pipe', 'inherit', 'inherit'];
    return spawnSync(name, args, { input: `${text}\n`, stdio, env }).error === undefined;
  });
}
