import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

function said(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8' }).split('\n')[0] ?? '';
  } catch {
    return `${program} unknown`;
  }
}

function system(): string {
  const text = readFileSync('/etc/os-release', 'utf8');
  return /PRETTY_NAME="([^"]*)"/.exec(text)?.[1] ?? 'unknown system';
}

/** What a figure was taken on, in one line. */
export function machine(): string {
  const cores = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const postgres = /\d+\.\d+/.exec(said('/usr/lib/postgresql/15/bin/postgres', '--version'))?.[0] ?? '?';
  const etcd = /\d+\.\d+\.\d+/.exec(said('etcd', '--version'))?.[0] ?? '?';
  return (
    `${cores.length} × ${cores[0]?.model.trim() ?? 'unknown processor'}, ${memoryGiB} GiB, ${system()}, Linux ${release()}, ` +
    `PostgreSQL ${postgres}, etcd ${etcd}, Node ${process.version}`
  );
}
