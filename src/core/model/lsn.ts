declare const brand: unique symbol;

/** An absolute position in the WAL, in bytes. */
export type Lsn = bigint & { readonly [brand]: 'Lsn' };

export const LSN_ZERO: Lsn = lsn(0n);

export function lsn(value: bigint | number): Lsn {
  return BigInt(value) as Lsn;
}

/** Reads PostgreSQL's `16/B374D848`; undefined for anything else. */
export function lsnFromText(text: string): Lsn | undefined {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (match === null) return undefined;
  return lsn((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`));
}

/** Writes `16/B374D848`, without leading zeros, as PostgreSQL does. */
export function lsnToText(value: Lsn): string {
  return `${(value >> 32n).toString(16).toUpperCase()}/${(value & 0xffffffffn).toString(16).toUpperCase()}`;
}

export function maxLsn(a: Lsn, b: Lsn): Lsn {
  return a > b ? a : b;
}

/** How far a member's WAL reaches: timeline of the last record it holds, then the position behind it. */
export interface WalPosition {
  readonly timeline: number;
  readonly lsn: Lsn;
}

/** Timeline first: a longer tail on an older timeline is behind (safety-findings F2b). */
export function comparePositions(a: WalPosition, b: WalPosition): number {
  if (a.timeline !== b.timeline) return a.timeline - b.timeline;
  return a.lsn === b.lsn ? 0 : a.lsn < b.lsn ? -1 : 1;
}

export function positionToText(at: WalPosition): string {
  return `${lsnToText(at.lsn)} on timeline ${at.timeline}`;
}
