// Promises to leaders without the store, in the agent's own directory.
import { join } from 'node:path';
import type { Clock } from '../ports/clock.ts';
import type { PromiseFile, PromiseOrder, PromisesRead, StandingPromise } from '../ports/promises.ts';
import { readIfPresent, removeFile, writeFileIfChanged } from '../postgres/write-file.ts';

const fileMode = 0o600;

export class StatePromises implements PromiseFile {
  readonly #path: string;

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'promises.json');
  }

  async read(): Promise<PromisesRead> {
    try {
      const text = await readIfPresent(this.#path);
      if (text === undefined) return { kind: 'absent' };
      const promises = promisesFrom(JSON.parse(text));
      return promises === undefined
        ? { kind: 'unreadable', why: `${this.#path} holds no promises` }
        : { kind: 'read', promises };
    } catch (error) {
      return { kind: 'unreadable', why: `${this.#path}: ${String(error)}` };
    }
  }

  write(promises: readonly StandingPromise[]): Promise<string | undefined> {
    const target = { path: this.#path, mode: fileMode, owner: undefined };
    return failureOf(() => writeFileIfChanged(target, JSON.stringify({ version: 1, promises })));
  }

  remove(): Promise<string | undefined> {
    return failureOf(() => removeFile(this.#path));
  }
}

/** An earlier agent of this member has given a promise that still runs. */
export async function hasPromised(file: PromiseFile, clock: Clock): Promise<boolean> {
  const found = await file.read();
  const nowMs = clock.bootMs();
  return (
    found.kind === 'read' &&
    found.promises.some(({ receivedMs, lengthMs }) => receivedMs <= nowMs && nowMs < receivedMs + lengthMs)
  );
}

async function failureOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function promisesFrom(value: unknown): readonly StandingPromise[] | undefined {
  if (!isObject(value) || value['version'] !== 1 || !Array.isArray(value['promises'])) return undefined;
  const promises = value['promises'].map(promiseFrom);
  return promises.every((promise) => promise !== undefined) ? promises : undefined;
}

function promiseFrom(value: unknown): StandingPromise | undefined {
  if (!isObject(value)) return undefined;
  const { leader, connUrl, asked, receivedMs, lengthMs } = value;
  if (typeof leader !== 'string' || typeof receivedMs !== 'number' || typeof lengthMs !== 'number') return undefined;
  return {
    leader,
    connUrl: typeof connUrl === 'string' ? connUrl : undefined,
    asked: orderFrom(asked),
    receivedMs,
    lengthMs,
  };
}

function orderFrom(value: unknown): PromiseOrder | undefined {
  if (!isObject(value)) return undefined;
  const { reign, number } = value;
  return typeof reign === 'number' && typeof number === 'number' ? { reign, number } : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
