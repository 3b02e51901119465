import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { TestMember } from './kornak-cluster.ts';

const BIN_DIR = '/usr/lib/postgresql/15/bin';
const AS_OWNER = userInfo().uid === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
const run = promisify(execFile);

/** What people do to a member's PostgreSQL itself, behind the back of its agent. */
export async function pgCtl(member: TestMember, command: 'start' | 'stop' | 'promote'): Promise<void> {
  const detached = command === 'start' ? ['-l', join(member.dir, 'by-hand.log')] : [];
  const mode = command === 'stop' ? ['-m', 'fast'] : [];
  const args = [join(BIN_DIR, 'pg_ctl'), command, '-w', '-s', '-D', member.dataDir, ...mode, ...detached];
  const [file = '', ...rest] = [...AS_OWNER, ...args];
  await run(file, rest, { cwd: '/', timeout: 60_000 });
}
