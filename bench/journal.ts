// Every figure as it was taken, one line each: the report is made of these and of nothing else.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, resolve } from 'node:path';
import { isRecord } from '../src/core/layout/fields.ts';
import { type Product } from './cluster/product.ts';
import { machine } from './machine.ts';

export const JOURNAL = resolve(import.meta.dirname, '../docs/explain/benchmarks/runs.jsonl');

export interface Stamp {
  readonly at: string;
  readonly command: string;
  readonly machine: string;
  readonly product: string;
  readonly version: string;
  /** Of the last minute, when the figure was taken. */
  readonly load: number;
}

export interface Entry extends Stamp {
  readonly figure: string;
  readonly [field: string]: unknown;
}

let here: string | undefined;

function command(): string {
  return ['npm run bench --', ...process.argv.slice(2)].join(' ');
}

export class Journal {
  readonly entries: Entry[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  add(figure: string, product: Product, fields: Readonly<Record<string, unknown>>): void {
    here ??= machine();
    const entry: Entry = {
      figure,
      at: new Date().toISOString(),
      command: command(),
      machine: here,
      product: product.name,
      version: product.version(),
      load: loadavg()[0] ?? 0,
      ...fields,
    };
    this.entries.push(entry);
    mkdirSync(dirname(this.#file), { recursive: true });
    appendFileSync(this.#file, `${JSON.stringify(entry, rounded)}\n`);
  }
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value;
}

export function readJournal(file: string): readonly Entry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
    .filter((entry): entry is Entry => isRecord(entry) && typeof entry['figure'] === 'string');
}
