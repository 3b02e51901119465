import { isAbsolute, join } from 'node:path';
import type { VolumeHealth } from '../../core/model/health.ts';
import type { DataDirectory } from '../../core/model/local-postgres.ts';
import { type Seen, unknown } from '../../core/model/seen.ts';
import { StorageWatch, type Watched } from '../health/storage-watch.ts';
import type { PostgresOptions } from '../options.ts';
import { DiskHelper } from './disk-helper.ts';
import { look } from './look.ts';
import type { DirectoryFacts } from './protocol.ts';

/** What decides which directories there are to be watched. */
export interface DisksState {
  readonly runs: boolean;
  readonly data: DataDirectory['kind'] | undefined;
  /** `log_directory` as the server has it. */
  readonly logs: string | undefined;
}

/** The disks below one PostgreSQL and its agent: looks and small writes, by a helper that may hang in the agent's stead. */
export class Disks {
  readonly #options: PostgresOptions;
  readonly #state: () => DisksState;
  readonly #helper: DiskHelper | undefined;
  readonly #watch: StorageWatch | undefined;

  constructor(options: PostgresOptions, state: () => DisksState, onChange: (what: string) => void) {
    const { diskProgram, clock } = options;
    this.#options = options;
    this.#state = state;
    this.#helper = diskProgram === undefined ? undefined : new DiskHelper(diskProgram, clock);
    this.#watch = this.#helper && new StorageWatch(this.#helper, clock, () => this.#watched(), onChange);
  }

  /** undefined: the helper does not run. Comes back when the disk answers. */
  look(): Promise<DirectoryFacts | undefined> {
    const { dataDir, stateDir } = this.#options;
    return this.#helper?.look(dataDir, stateDir) ?? look(dataDir, stateDir);
  }

  health(): Seen<readonly VolumeHealth[]> {
    return this.#watch?.health() ?? unknown('nobody watches the disks');
  }

  close(): void {
    this.#watch?.close();
    this.#helper?.close();
  }

  #watched(): readonly Watched[] {
    const { dataDir, stateDir } = this.#options;
    const { runs, data, logs } = this.#state();
    const state: Watched = { use: 'state', path: stateDir, isOptional: true };
    // A directory without a cluster is to stay empty, and tells nothing. One that vanishes below a running server does.
    if (!runs && data !== 'cluster') return [state];
    const own: readonly Watched[] = [
      { use: 'data', path: dataDir, isOptional: !runs },
      { use: 'wal', path: join(dataDir, 'pg_wal'), isOptional: !runs },
      state,
    ];
    if (logs === undefined) return own;
    return [...own, { use: 'log', path: isAbsolute(logs) ? logs : join(dataDir, logs), isOptional: true }];
  }
}
