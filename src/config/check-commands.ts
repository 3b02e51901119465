import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Observed } from './check-environment.ts';
import type { Environment } from './environment.ts';
import type { LocalConfig } from './local-config.ts';

/** Whether the programs of callbacks and hooks are there to be run: found out now, not when they are due. */
export async function checkCommands(
  { postgresql, bootstrap }: LocalConfig,
  env: Environment,
): Promise<readonly Observed[]> {
  const { callbacks, prePromote, beforeStop } = postgresql;
  const commands: readonly (readonly [path: readonly string[], words: readonly string[] | undefined])[] = [
    ...Object.entries(callbacks).map(([action, words]) => [['postgresql', 'callbacks', action], words] as const),
    [['postgresql', 'pre_promote'], prePromote],
    [['postgresql', 'before_stop'], beforeStop],
    [['bootstrap', 'post_bootstrap'], bootstrap?.postBootstrap],
  ];
  const checked = commands.map(async ([path, words]) => {
    const program = words?.[0];
    const reason = program === undefined ? undefined : await objection(program, env);
    if (reason === undefined) return [];
    const remedy = 'correct the command, or make the file executable (chmod +x)';
    return [{ path, value: words?.join(' '), reason, remedy, severity: 'error' as const }];
  });
  return (await Promise.all(checked)).flat();
}

async function objection(program: string, env: Environment): Promise<string | undefined> {
  const places = program.includes('/')
    ? [program]
    : (env['PATH'] ?? '/usr/bin:/bin').split(delimiter).map((directory) => join(directory, program));
  const states = await Promise.all(places.map(stateOf));
  if (states.includes('executable')) return undefined;
  return states.includes('there') ? `${program} is not executable` : `there is no program ${program}`;
}

async function stateOf(path: string): Promise<'executable' | 'there' | 'absent'> {
  try {
    if (!(await stat(path)).isFile()) return 'absent';
    await access(path, constants.X_OK);
    return 'executable';
  } catch (thrown) {
    const isMissing =
      thrown instanceof Error && 'code' in thrown && ['ENOENT', 'ENOTDIR'].includes(String(thrown.code));
    return isMissing ? 'absent' : 'there';
  }
}
