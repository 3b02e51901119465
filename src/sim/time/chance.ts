import type { Random } from '../../ports/random.ts';

/** Numbers from a seed (mulberry32). Each part of a world draws from a stream of its own, so that one does not shift the other. */
export class Chance implements Random {
  private state: number;

  constructor(seed: number) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A stream of its own. */
  fork(): Chance {
    return new Chance(Math.floor(this.next() * 4294967296));
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** Time to the next of events that come at random with this mean. */
  wait(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  oneOf<T>(first: T, ...rest: readonly T[]): T {
    return this.pick([first, ...rest]) ?? first;
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.next() * list.length)];
  }

  /** One of the keys, each as likely as its weight. */
  weighted<K>(weights: ReadonlyMap<K, number>): K | undefined {
    let total = 0;
    for (const weight of weights.values()) total += weight;
    let left = this.next() * total;
    for (const [key, weight] of weights) {
      left -= weight;
      if (left < 0) return key;
    }
    return undefined;
  }
}
