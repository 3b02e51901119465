import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

test('docs/explain/decisions.md has the rules and the table as they are', async () => {
  const script = [join(ROOT, 'node_modules/tsx/dist/cli.mjs'), join(ROOT, 'scripts/docs-decisions.mjs'), '--check'];
  await expect(promisify(execFile)(process.execPath, script)).resolves.toMatchObject({ stderr: '' });
});
