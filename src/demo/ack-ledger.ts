// What the writer was promised: which numbers were acknowledged, and how long it once had to wait for the next one.

/** Both ends included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

export interface Outage {
  readonly gapMs: number;
  readonly endedMs: number;
}

/** A gap that a person would notice. */
const OUTAGE_MS = 300;
const RATE_WINDOW_MS = 2_000;

export class AckLedger {
  readonly #ranges: { from: number; to: number }[] = [];
  readonly #recentMs: number[] = [];
  #count = 0;
  #lastMs: number | undefined;
  #measuredFromMs = Number.POSITIVE_INFINITY;
  #longestMs = 0;
  #lastOutage: Outage | undefined;

  /** Numbers come in ascending order, with holes where the outcome is not known. */
  acknowledge(number: number, nowMs: number): void {
    this.#closeGap(nowMs);
    this.#lastMs = nowMs;
    this.#count += 1;
    const last = this.#ranges.at(-1);
    if (last?.to === number - 1) last.to = number;
    else this.#ranges.push({ from: number, to: number });
    this.#recentMs.push(nowMs);
    while ((this.#recentMs[0] ?? nowMs) < nowMs - RATE_WINDOW_MS) this.#recentMs.shift();
  }

  /** From now on gaps count: before it the cluster was not whole yet. */
  measureFrom(nowMs: number): void {
    this.#measuredFromMs = nowMs;
  }

  get count(): number {
    return this.#count;
  }

  get ranges(): readonly NumberRange[] {
    return this.#ranges.map(({ from, to }) => ({ from, to }));
  }

  get lastOutage(): Outage | undefined {
    return this.#lastOutage;
  }

  /** Since the last acknowledgement; undefined: there was none. */
  silenceMs(nowMs: number): number | undefined {
    return this.#lastMs === undefined ? undefined : nowMs - this.#lastMs;
  }

  /** The silence when it is long enough to be called an outage. */
  presentOutageMs(nowMs: number): number | undefined {
    const silenceMs = this.silenceMs(nowMs);
    return silenceMs !== undefined && silenceMs >= OUTAGE_MS ? silenceMs : undefined;
  }

  /** The longest gap since `measureFrom`, one that has not ended included. */
  longestGapMs(nowMs: number): number {
    return Math.max(this.#longestMs, this.#openGapMs(nowMs));
  }

  ratePerSecond(nowMs: number): number {
    const fresh = this.#recentMs.filter((atMs) => atMs >= nowMs - RATE_WINDOW_MS).length;
    return Math.round(fresh / (RATE_WINDOW_MS / 1_000));
  }

  #openGapMs(nowMs: number): number {
    if (this.#lastMs === undefined || nowMs < this.#measuredFromMs) return 0;
    return nowMs - Math.max(this.#lastMs, this.#measuredFromMs);
  }

  #closeGap(nowMs: number): void {
    const gapMs = this.#openGapMs(nowMs);
    this.#longestMs = Math.max(this.#longestMs, gapMs);
    if (gapMs >= OUTAGE_MS) this.#lastOutage = { gapMs, endedMs: nowMs };
  }
}
