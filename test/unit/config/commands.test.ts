import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkCommands } from '../../../src/config/check-commands.ts';
import type { LocalConfig } from '../../../src/config/local-config.ts';
import { decodeOver } from './written-config.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kornak-commands-'));
  await writeFile(join(dir, 'good.sh'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(join(dir, 'plain.sh'), '#!/bin/sh\n', { mode: 0o644 });
});

afterAll(() => rm(dir, { recursive: true, force: true }));

function decoded(postgresql: string): LocalConfig {
  const { config, findings } = decodeOver(`postgresql: ${postgresql}\n`);
  if (config === undefined) throw new Error(findings.map(({ reason }) => reason).join('; '));
  return config;
}

describe('the commands of callbacks and hooks', () => {
  test('are split into words', () => {
    const { postgresql } = decoded(
      `{callbacks: {on_start: "/cb.sh 'a b'"}, pre_promote: /may, before_stop: /drain -q}`,
    );
    expect(postgresql.callbacks).toEqual({ on_start: ['/cb.sh', 'a b'] });
    expect([postgresql.prePromote, postgresql.beforeStop]).toEqual([['/may'], ['/drain', '-q']]);
  });

  test('with an open quote are an error that names the place', () => {
    const { config, findings } = decodeOver('postgresql: {pre_promote: "may \'"}\n');
    expect(config).toBeUndefined();
    expect(findings.find(({ severity }) => severity === 'error')?.path).toBe('postgresql.pre_promote');
  });

  test('post_bootstrap goes before post_init, and must be there too', async () => {
    const { config } = decodeOver(`bootstrap: {post_bootstrap: "${dir}/none.sh a", post_init: ${dir}/good.sh}\n`);
    expect(config?.bootstrap?.postBootstrap).toEqual([`${dir}/none.sh`, 'a']);
    const found = config === undefined ? [] : await checkCommands(config, {});
    expect(found.map(({ path, reason }) => [path.join('.'), reason])).toEqual([
      ['bootstrap.post_bootstrap', `there is no program ${dir}/none.sh`],
    ]);
    const other = decodeOver(`bootstrap: {post_init: ${dir}/good.sh}\n`);
    expect(other.config?.bootstrap?.postBootstrap).toEqual([`${dir}/good.sh`]);
  });

  test('must be there and executable', async () => {
    const config = decoded(
      `{callbacks: {on_start: ${dir}/good.sh, on_stop: ${dir}/none.sh}, pre_promote: ${dir}/plain.sh x, before_stop: sh -c true}`,
    );
    const found = await checkCommands(config, { PATH: '/usr/bin:/bin' });
    expect(found.map(({ path, reason, severity }) => [path.join('.'), reason, severity])).toEqual([
      ['postgresql.callbacks.on_stop', `there is no program ${dir}/none.sh`, 'error'],
      ['postgresql.pre_promote', `${dir}/plain.sh is not executable`, 'error'],
    ]);
  });

  test('in the shared configuration have no effect, and that is said', () => {
    const { findings } = decodeOver('bootstrap: {dcs: {postgresql: {pre_promote: /may}}}\n');
    expect(findings.some(({ reason }) => reason.includes('bootstrap.dcs.postgresql.pre_promote'))).toBe(true);
  });

  test('get a time that a hook may not exceed', () => {
    expect(decodeOver('kornak: {hook_timeout: 61}\n').config).toBeUndefined();
    expect(decodeOver('kornak: {hook_timeout: 5}\n').config?.kornak.hookTimeoutMs).toBe(5_000);
  });
});
