import { createInterface, type Interface } from 'node:readline';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import colours from 'picocolors';
import { Aborted, Refusal } from './refusal.ts';
import type { Terminal } from './terminal.ts';
import { edited, paged } from './user-programs.ts';

const UNCLEAR_MAX = 10;

/** stdin may also be a pipe: scripts answer prompts through one. */
export class RealTerminal implements Terminal {
  #lines: AsyncIterator<string> | undefined;
  #reader: Interface | undefined;

  out(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  talk(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  async ask(question: string, fallback: string): Promise<string> {
    process.stderr.write(`${question} [${fallback}]: `);
    const answer = (await this.#line()).trim();
    return answer === '' ? fallback : answer;
  }

  async confirm(question: string): Promise<boolean> {
    for (let tries = 0; tries < UNCLEAR_MAX; tries += 1) {
      process.stderr.write(`${question} [y/N]: `);
      const answer = (await this.#line()).trim().toLowerCase();
      if (['y', 'yes'].includes(answer)) return true;
      if (['', 'n', 'no'].includes(answer)) return false;
      this.talk('Error: invalid input');
    }
    throw new Aborted();
  }

  async read(file: string): Promise<string> {
    if (file === '-') return text(process.stdin);
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      throw new Refusal(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  edit(before: string, name: string): Promise<string> {
    if (!process.stdin.isTTY)
      throw new Refusal('an editor needs a terminal: give the changes with -s, -p, --apply or --replace');
    return Promise.resolve(edited(before, name));
  }

  page(diff: string): Promise<void> {
    if (!process.stdout.isTTY || !paged(diff.split('\n').map(coloured).join('\n'))) this.out(diff);
    return Promise.resolve();
  }

  clear(): void {
    if (process.stdout.isTTY) process.stdout.write('\u001B[H\u001B[2J\u001B[3J');
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  }

  now(): Date {
    return new Date();
  }

  close(): void {
    this.#reader?.close();
  }

  async #line(): Promise<string> {
    this.#reader ??= createInterface({ input: process.stdin, terminal: false });
    this.#lines ??= this.#reader[Symbol.asyncIterator]();
    const next = await this.#lines.next();
    if (next.done !== true) return next.value;
    process.stderr.write('\n');
    throw new Aborted('nobody answers: give the options that make prompts needless, such as --force');
  }
}

function coloured(line: string): string {
  if (line.startsWith('@@')) return colours.cyan(line);
  if (line.startsWith('+')) return colours.green(line);
  return line.startsWith('-') ? colours.red(line) : line;
}
