import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lsn, type Lsn } from '../core/model/lsn.ts';

/** Part of one timeline: from `begin` up to, not including, `end`. */
export interface WalStretch {
  readonly timeline: number;
  readonly begin: Lsn;
  readonly end: Lsn;
}

export function segmentName(timeline: number, at: bigint, segmentBytes: bigint): string {
  const number = at / segmentBytes;
  const perFile = 0x1_0000_0000n / segmentBytes;
  const hex = (value: bigint): string => value.toString(16).toUpperCase().padStart(8, '0');
  return hex(BigInt(timeline)) + hex(number / perFile) + hex(number % perFile);
}

/** All of a directory's segments have one size; undefined where it has none. */
export async function segmentSize(walDir: string): Promise<bigint | undefined> {
  const sample = (await readdir(walDir)).find((entry) => /^[0-9A-F]{24}$/.test(entry));
  return sample === undefined ? undefined : BigInt((await stat(join(walDir, sample))).size);
}

/** Names of the segments that hold a stretch, in the order of their positions. */
export function segmentsOf({ timeline, begin, end }: WalStretch, segmentBytes: bigint): readonly string[] {
  const names: string[] = [];
  for (let at = begin - (begin % segmentBytes); at < end; at += segmentBytes)
    names.push(segmentName(timeline, at, segmentBytes));
  return names;
}

const PAGE_BYTES = 8_192n;
/** Headers of a page, and of the first page of a segment, as 64-bit machines align them. */
const SHORT_HEADER_BYTES = 24n;
const LONG_HEADER_BYTES = 40n;
const ALIGNMENT = 8n;

/**
 * Where the record at a position ends, by its own length: nothing of what pg_waldump says, which changes from version to version,
 * is gone by. undefined: it cannot be read.
 */
export async function recordEnd(walDir: string, timeline: number, at: Lsn): Promise<Lsn | undefined> {
  try {
    const segmentBytes = await segmentSize(walDir);
    if (segmentBytes === undefined) return undefined;
    const file = await open(join(walDir, segmentName(timeline, at, segmentBytes)), 'r');
    try {
      // XLogRecord begins with its total length, which never crosses a page.
      const { buffer } = await file.read({ buffer: Buffer.alloc(4), position: Number(at % segmentBytes) });
      const bytes = BigInt(buffer.readUInt32LE(0));
      return bytes === 0n ? undefined : endOf(at, bytes, segmentBytes);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** A record goes on behind the header of each page that it crosses into. */
export function endOf(at: bigint, bytes: bigint, segmentBytes: bigint): Lsn {
  let position = at;
  let left = (bytes + ALIGNMENT - 1n) & ~(ALIGNMENT - 1n);
  for (;;) {
    const room = PAGE_BYTES - (position % PAGE_BYTES);
    if (left <= room) return lsn(position + left);
    left -= room;
    position += room;
    position += position % segmentBytes === 0n ? LONG_HEADER_BYTES : SHORT_HEADER_BYTES;
  }
}
