import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finding } from './finding.ts';
import { readYaml, type YamlFile } from './yaml-file.ts';

/** A file, or the `.yml` and `.yaml` files of a directory in the order of their names. What cannot be read is an error in its place. */
export async function readConfigPath(path: string): Promise<readonly YamlFile[]> {
  try {
    const found = await stat(path);
    if (found.isFile()) return [readYaml(await readFile(path, 'utf8'), path)];
    if (!found.isDirectory()) return [refused(path, 'is neither a file nor a directory')];
    const entries = await readdir(path, { withFileTypes: true });
    const isConfig = (entry: Dirent): boolean => !entry.isDirectory() && /\.ya?ml$/.test(entry.name);
    const names = entries
      .filter(isConfig)
      .map(({ name }) => name)
      .toSorted();
    if (names.length === 0) return [refused(path, 'is a directory without a .yml or .yaml file')];
    return (await Promise.all(names.map((name) => readConfigPath(join(path, name))))).flat();
  } catch (thrown) {
    return [refused(path, reasonFor(thrown))];
  }
}

function reasonFor(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unreadable';
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'may not be read by this user',
    ELOOP: 'is a symbolic link that leads nowhere',
  };
  return reasons[code] ?? `cannot be read (${code})`;
}

function refused(path: string, reason: string): YamlFile {
  return { map: undefined, places: new Map(), findings: [finding({ path: [path], reason, severity: 'error' })] };
}
