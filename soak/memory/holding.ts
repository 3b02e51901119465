// What an agent holds: memory after its garbage was collected, descriptors, and what keeps its event loop going.
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { memoryOf } from '../../bench/cost/process-cost.ts';
import { type AgentCommand, kornakCommand, type TestMember, until } from '../../test/support/kornak-cluster.ts';

export interface Holding {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** By kind: sockets, pipes, files. */
  readonly descriptors: Readonly<Record<string, number>>;
  /** By type: timers, sockets, servers, processes. */
  readonly active: Readonly<Record<string, number>>;
}

const WITNESS = resolve(import.meta.dirname, 'witness.mjs');
const MIB = 2 ** 20;
const TELLS_MS = 30_000;

function told(dir: string): string {
  return join(dir, 'witness.json');
}

/** An agent that can be asked. */
export const witnessedCommand: AgentCommand = (...args) => [
  'env',
  `NODE_OPTIONS=--import=file://${WITNESS}`,
  `SOAK_WITNESS=${told(dirname(args.at(-1) ?? ''))}`,
  ...kornakCommand(...args),
];

export async function holdingOf(member: TestMember): Promise<Holding> {
  const file = told(member.dir);
  await rm(file, { force: true });
  member.signal('SIGUSR2');
  const text = await until(`${member.name} tells what it holds`, () => readFile(file, 'utf8'), TELLS_MS);
  const { heapUsed, active } = JSON.parse(text) as { readonly heapUsed: number; readonly active: readonly string[] };
  const { rssMiB } = await memoryOf(member.agentPid);
  return {
    rssMiB,
    heapMiB: heapUsed / MIB,
    descriptors: await descriptorsOf(member.agentPid),
    active: counted(active),
  };
}

async function descriptorsOf(pid: number): Promise<Readonly<Record<string, number>>> {
  const dir = `/proc/${pid}/fd`;
  const links = (await readdir(dir)).map((name) => readlink(join(dir, name)).catch(() => 'gone'));
  return counted((await Promise.all(links)).filter((link) => link !== 'gone').map(kindOf));
}

function kindOf(link: string): string {
  return /^(socket|pipe|anon_inode)/.exec(link)?.[1] ?? 'file';
}

function counted(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
