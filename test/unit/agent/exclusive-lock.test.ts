import { expect, test } from 'vitest';
import { takeLock } from '../../../src/guard/exclusive-lock.ts';

test('a full disk does not keep an agent or a guard from its lock', () => {
  // The kernel's own full disk: every write fails with ENOSPC, and it can be locked like any file.
  const lock = takeLock('/dev/full');
  expect(lock.kind).toBe('taken');
  if (lock.kind === 'taken') lock.release();
});
