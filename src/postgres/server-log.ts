import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresOptions } from './options.ts';
import { lastLines } from './run-program.ts';

/** At a start, a log longer than this moves aside; the one before it goes. */
const LOG_BYTES_MAX = 32 * 1024 * 1024;
const TAIL_BYTES = 8_192;

/** Where the server's own output goes. A file, so that the server outlives the agent that started it. */
export async function serverLogPath(options: PostgresOptions): Promise<string> {
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  return join(options.stateDir, 'postgres.log');
}

/** Where the next line will stand, so that what a start writes can be told from what was there. */
export async function prepareServerLog(path: string): Promise<number> {
  const size = await sizeOf(path);
  if (size <= LOG_BYTES_MAX) return size;
  await rename(path, `${path}.1`);
  return 0;
}

/** The last lines written since then. */
export async function serverLogSince(path: string, offset: number): Promise<string> {
  const size = await sizeOf(path);
  const from = Math.max(Math.min(offset, size), size - TAIL_BYTES);
  if (size === from) return '';
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from });
    return lastLines(buffer.toString('utf8', 0, bytesRead), 10);
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
