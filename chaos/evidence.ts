// What is kept of a round that did not go as it should.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CHAIN_MAX = 60;
const LINE_MAX = 220;
const ARTIFACTS = resolve(import.meta.dirname, '../build/chaos');

export interface Witness {
  readonly name: string;
  log(): Promise<string>;
}

/** What the members decided since then, in the order of time: how it came to take that long. */
export async function chainOf(witnesses: readonly Witness[], since: string): Promise<readonly string[]> {
  const logs = await Promise.all(
    witnesses.map(async (member) =>
      (await member.log())
        .split('\n')
        .filter(
          (line) => /^\d{4}-\d\d-\d\d .* (INFO|WARNING|ERROR): /.test(line) && line.slice(0, since.length) >= since,
        )
        .map((line) => `  ${line.slice(0, since.length)} ${member.name} ${line.slice(since.length + 1, LINE_MAX)}`),
    ),
  );
  return logs.flat().toSorted().slice(0, CHAIN_MAX);
}

/** Returns where. `more`: further files by their names. */
export async function keepLogs(
  name: string,
  witnesses: readonly Witness[],
  more: Readonly<Record<string, string>>,
): Promise<string> {
  const dir = join(ARTIFACTS, name);
  mkdirSync(dir, { recursive: true });
  for (const member of witnesses) writeFileSync(join(dir, `${member.name}.log`), await member.log());
  for (const [file, text] of Object.entries(more)) writeFileSync(join(dir, file), text);
  return dir;
}
