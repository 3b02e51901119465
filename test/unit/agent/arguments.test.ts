import { expect, test } from 'vitest';
import { readArguments, usage } from '../../../src/agent/arguments.ts';

test('--supervise is for us: the agent gets the files, also one that begins with a dash', () => {
  expect(readArguments(['--supervise', 'a.yml', 'b'])).toEqual({ kind: 'supervise', agentArgs: ['--', 'a.yml', 'b'] });
  expect(readArguments(['--supervise', '--', '-x.yml'])).toEqual({ kind: 'supervise', agentArgs: ['--', '-x.yml'] });
  expect(readArguments(['--', '-x.yml'])).toEqual({ kind: 'run', paths: ['-x.yml'] });
});

test('what does not go with --supervise is refused, and --help tells of it', () => {
  expect(() => readArguments(['--supervise', '--validate-config', 'a.yml'])).toThrow('give one of them');
  expect(() => readArguments(['--supervise', '--strict', 'a.yml'])).toThrow('go with --validate-config');
  expect(readArguments(['--supervise', '--help'])).toEqual({ kind: 'help' });
  expect(usage).toContain('--supervise');
});
