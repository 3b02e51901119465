// What is measured: Kornak of this work tree, or the Patroni that is installed. The same files, the same PostgreSQL settings.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { kornakCommand } from '../../test/support/kornak-cluster.ts';
import { PATRONI, patroniCommand, patroniMissing } from '../../test/support/patroni-member.ts';

const HOUSE = resolve(import.meta.dirname, '../..');

export type ProductName = 'kornak' | 'patroni';

export interface Product {
  readonly name: ProductName;
  /** The agent on this file. */
  readonly agent: (file: string) => readonly string[];
  readonly ctl: (file: string, ...args: string[]) => readonly string[];
  /** Where PostgreSQL writes its log, below the directory of the member. */
  readonly serverLog: string;
  readonly version: () => string;
  /** Why it cannot be measured here. */
  readonly missing: () => string | undefined;
}

function firstLine(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', cwd: HOUSE }).trim().split('\n')[0] ?? '';
}

/** Undefined outside of a clone. */
export function commit(): string | undefined {
  try {
    return firstLine('git', 'rev-parse', '--short', 'HEAD');
  } catch {
    return undefined;
  }
}

const KORNAK: Product = {
  name: 'kornak',
  agent: kornakCommand,
  ctl: (file, ...args) => [process.execPath, resolve(HOUSE, 'bin/kornakctl'), '-c', file, ...args],
  serverLog: 'data.kornak/postgres.log',
  version: () => `Kornak ${commit() ?? 'of an unknown commit'}`,
  missing: () =>
    existsSync(resolve(HOUSE, 'dist/agent/main.js')) ? undefined : 'Kornak is not built: run npm run build first',
};

const DEBIAN_PATRONI: Product = {
  name: 'patroni',
  agent: patroniCommand,
  ctl: (file, ...args) => ['/usr/bin/patronictl', '-c', file, ...args],
  serverLog: 'agent.log',
  version: () => `Patroni ${firstLine(PATRONI, '--version').replace('patroni ', '')}`,
  missing: patroniMissing,
};

export const PRODUCTS: Readonly<Record<ProductName, Product>> = { kornak: KORNAK, patroni: DEBIAN_PATRONI };
