// All that the demo has to show at one moment, as data.
import type { MemberPicture } from './cluster-watch.ts';

export interface ShownEvent {
  /** Since the demo began. */
  readonly atMs: number;
  /** Who: a member, or `you`, or `demo`. */
  readonly who: string;
  readonly text: string;
}

export interface WriterPicture {
  readonly writesTo: string | undefined;
  readonly acknowledged: number;
  readonly ratePerSecond: number;
  readonly presentOutageMs: number | undefined;
  readonly lastOutageMs: number | undefined;
  readonly lost: number | undefined;
}

export interface Picture {
  readonly sinceStartMs: number;
  /** What the demo is at, such as `starting etcd`. */
  readonly activity: string;
  readonly members: readonly MemberPicture[];
  /** The newest last. */
  readonly events: readonly ShownEvent[];
  readonly connection: string;
  readonly writer: WriterPicture;
}
