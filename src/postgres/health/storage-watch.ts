import type { VolumeHealth, VolumeState, VolumeUse } from '../../core/model/health.ts';
import { type Seen, seen, unknown } from '../../core/model/seen.ts';
import type { CancelTimer, Clock } from '../../ports/clock.ts';
import type { DiskHelper } from '../disk/disk-helper.ts';
import type { WriteProbe } from '../disk/protocol.ts';

const EVERY_MS = 2_000;
const LOOK_MS = 500;
/** A write that takes no longer is only a busy disk's. */
const SLOW_MS = 1_000;
/** PostgreSQL cannot go on writing WAL without room for one more segment. */
const ROOM_BYTES = 16 * 1024 * 1024;

export interface Watched {
  readonly use: VolumeUse;
  readonly path: string;
  /** It need not be there: then nothing is told of it. */
  readonly isOptional: boolean;
}

interface Volume {
  readonly watched: Watched;
  sentMs: number | undefined;
  last: VolumeHealth | undefined;
  nextMs: number;
}

/** Writes a little to each directory now and then, one write at a time, and tells what came of it, or that nothing came. */
export class StorageWatch {
  readonly #helper: DiskHelper;
  readonly #clock: Clock;
  readonly #watched: () => readonly Watched[];
  readonly #onChange: (what: string) => void;
  readonly #volumes = new Map<string, Volume>();
  #cancelTimer: CancelTimer | undefined;
  #told = '';

  constructor(helper: DiskHelper, clock: Clock, watched: () => readonly Watched[], onChange: (what: string) => void) {
    this.#helper = helper;
    this.#clock = clock;
    this.#watched = watched;
    this.#onChange = onChange;
    this.#tick();
  }

  health(): Seen<readonly VolumeHealth[]> {
    const nowMs = this.#clock.bootMs();
    if (nowMs - this.#helper.heardMs > SLOW_MS) return unknown('the disk helper does not run');
    const all = [...this.#volumes.values()].map((volume) => this.#healthOf(volume, nowMs));
    return seen(
      all.filter((one) => one !== undefined),
      nowMs,
    );
  }

  /** The calls that touch the data directory are known not to come back. */
  isStalled(): boolean {
    const { value } = this.health() as { value?: readonly VolumeHealth[] };
    return value?.some(({ use, state }) => use === 'data' && state === 'stalled') === true;
  }

  close(): void {
    this.#cancelTimer?.();
  }

  #tick(): void {
    this.#helper.check();
    const wanted = this.#watched();
    for (const key of this.#volumes.keys()) if (!wanted.some((one) => keyOf(one) === key)) this.#volumes.delete(key);
    for (const watched of wanted) this.#consider(watched);
    this.#tellChange();
    this.#cancelTimer = this.#clock.after(LOOK_MS, () => this.#tick());
  }

  #consider(watched: Watched): void {
    const key = keyOf(watched);
    const nowMs = this.#clock.bootMs();
    const volume = this.#volumes.get(key) ?? { watched, sentMs: undefined, last: undefined, nextMs: nowMs };
    this.#volumes.set(key, volume);
    if (volume.sentMs === undefined && nowMs >= volume.nextMs) void this.#probe(volume, watched);
  }

  async #probe(volume: Volume, watched: Watched): Promise<void> {
    const sentMs = this.#clock.bootMs();
    volume.sentMs = sentMs;
    const came = await this.#helper.write(watched.path);
    volume.sentMs = undefined;
    volume.nextMs = sentMs + EVERY_MS;
    if (came !== undefined) volume.last = this.#judge(volume, watched, came);
    this.#tellChange();
  }

  #judge({ last }: Volume, { use, path, isOptional }: Watched, came: WriteProbe): VolumeHealth | undefined {
    if (isOptional && (came.code === 'ENOENT' || came.code === 'ENOTDIR')) return undefined;
    const state = stateOf(came);
    const sinceMs = last?.state === state ? last.sinceMs : this.#clock.bootMs();
    return { use, path, state, sinceMs, freeBytes: came.freeBytes, why: state === 'failing' ? came.why : undefined };
  }

  #healthOf({ watched, sentMs, last }: Volume, nowMs: number): VolumeHealth | undefined {
    // Of a helper that did not run in between, nothing is known of the disk.
    const isOverdue = sentMs !== undefined && nowMs - sentMs > SLOW_MS && this.#helper.heardMs > sentMs + SLOW_MS / 2;
    if (!isOverdue) return last;
    const { use, path } = watched;
    return { use, path, state: 'stalled', sinceMs: sentMs, freeBytes: last?.freeBytes, why: undefined };
  }

  #tellChange(): void {
    const found = this.health();
    const text = found.kind === 'seen' ? found.value.map(({ use, state }) => `${use} ${state}`).join() : '';
    if (text === this.#told) return;
    this.#told = text;
    this.#onChange('the state of the storage changed');
  }
}

function keyOf({ use, path }: Watched): string {
  return `${use} ${path}`;
}

function stateOf({ code, freeBytes }: WriteProbe): VolumeState {
  if (code === 'EROFS') return 'readOnly';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'full';
  if (code !== undefined) return 'failing';
  return freeBytes !== undefined && freeBytes < ROOM_BYTES ? 'full' : 'ok';
}
