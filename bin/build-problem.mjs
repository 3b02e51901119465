import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** Why dist/ is not what src/ says, or undefined. An installed package has no src/ that it could differ from. */
export function buildProblem(root) {
  const src = join(root, 'src');
  if (!existsSync(src)) return undefined;
  // The stamp carries the time when the build began: what was written during the build counts as newer.
  const builtMs = modifiedMs(join(root, 'dist/.built'));
  if (builtMs === undefined) return 'Kornak is not built: dist/ is missing';
  const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const newer = sources.find((path) => modifiedMs(join(src, path)) > builtMs);
  return newer === undefined ? undefined : `dist/ is older than src/${newer}`;
}
