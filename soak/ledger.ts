// What every soak came to, one JSON line each: numbers of many sittings add up.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { sourceState } from '../chaos/ledger.ts';

const EXPLAIN = resolve(import.meta.dirname, '../docs/explain');

export class SoakLedger {
  readonly #file: string;

  constructor(name: 'calm-ledger.jsonl' | 'memory-ledger.jsonl') {
    this.#file = resolve(EXPLAIN, name);
  }

  /** With the moment, the commit and the hash of `src/`. */
  append(row: Readonly<Record<string, unknown>>): void {
    const entry = { at: new Date().toISOString(), ...sourceState(), ...row };
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** That no row has. */
  nextSeed(): number {
    if (!existsSync(this.#file)) return 1;
    const lines = readFileSync(this.#file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    return Math.max(0, ...lines.map((line) => (JSON.parse(line) as { readonly seed?: number }).seed ?? 0)) + 1;
  }
}
