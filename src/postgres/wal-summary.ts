import type { TouchedRelation } from '../core/model/divergence-record.ts';
import type { Deadline } from './deadline.ts';
import { lsnToText } from '../core/model/lsn.ts';
import type { SystemAccount } from './options.ts';
import { runProgram } from './run-program.ts';
import type { WalStretch } from './wal-segments.ts';

/** A relation by the numbers that WAL knows it by. */
export interface FileNode {
  readonly tablespace: string;
  readonly database: string;
  readonly file: string;
}

/** Counts what a stretch of WAL does, from pg_waldump's lines as they come. */
export class WalSummary {
  committed = 0;
  aborted = 0;
  records = 0;
  readonly #relations = new Map<string, number>();
  #rest = '';

  take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#count(line);
  }

  /** Most touched first. */
  relations(): readonly (FileNode & { readonly records: number })[] {
    return [...this.#relations]
      .map(([key, records]) => {
        const [tablespace = '', database = '', file = ''] = key.split('/');
        return { tablespace, database, file, records };
      })
      .toSorted((a, b) => b.records - a.records);
  }

  #count(line: string): void {
    const match = /^rmgr: (\w+)\s.*?, desc: (\S+)/.exec(line);
    if (match === null) return;
    this.records += 1;
    const [, manager, what] = match;
    if (manager === 'Transaction' && what?.startsWith('COMMIT')) this.committed += 1;
    if (manager === 'Transaction' && what?.startsWith('ABORT')) this.aborted += 1;
    const touched = new Set([...line.matchAll(/ rel (\d+\/\d+\/\d+)/g)].map(([, key]) => key ?? ''));
    for (const key of touched) this.#relations.set(key, (this.#relations.get(key) ?? 0) + 1);
  }
}

export interface DumpPlace {
  readonly program: string;
  readonly walDir: string;
  readonly runAs: SystemAccount | undefined;
  readonly deadline: Deadline;
}

/** Adds a stretch to a summary. A note says why it may lack something; reading up to the end of the WAL is no failure. */
export async function summarize(
  summary: WalSummary,
  { timeline, begin, end }: WalStretch,
  { program, walDir, runAs, deadline }: DumpPlace,
): Promise<string | undefined> {
  const args = [`--path=${walDir}`, `--timeline=${timeline}`, `--start=${lsnToText(begin)}`, `--end=${lsnToText(end)}`];
  const result = await runProgram({
    program,
    args,
    runAs,
    deadline,
    env: { LC_ALL: 'C' },
    onStdout: (chunk) => summary.take(chunk),
  });
  summary.take('\n');
  if (result.kind === 'timedOut') return `timeline ${timeline}: there was no time to read all of it`;
  if (result.kind !== 'exited') return `timeline ${timeline}: pg_waldump did not run: ${result.stderr.trim()}`;
  const isEnd = result.code === 0 || summary.records > 0;
  return isEnd ? undefined : `timeline ${timeline}: pg_waldump cannot read it: ${result.stderr.trim().slice(0, 300)}`;
}

/** As the record lists it, where no name could be found. */
export function unnamed({ database, file, records }: FileNode & { readonly records: number }): TouchedRelation {
  return { name: `${database}/${file}`, records };
}
