// Prepares the directory of one run: clears up after an earlier demo, chooses ports, writes the members' files.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signalAll, waitForEnd } from './children.ts';
import { connectionString, passwordFileText } from './connection-string.ts';
import { type DemoRecord, newPasswords } from './demo-record.ts';
import { ETCD_COUNT } from './etcd-cluster.ts';
import { endMemberProcesses } from './member.ts';
import { type MemberPlace, memberFileText } from './member-file.ts';
import { memberProcesses } from './member-processes.ts';
import type { DemoOptions } from './options.ts';
import { choosePorts, type DemoPorts } from './ports.ts';
import { readProcess } from './process-table.ts';
import { findServerOwner, giveTo, requireReachable, type ServerOwner } from './server-owner.ts';
import {
  emptyStateDirectory,
  openStateDirectory,
  removeStateDirectory,
  type StateDirectory,
  writeRecord,
} from './state-directory.ts';

export interface DemoHome {
  readonly path: string;
  /** The directory stays when the demo ends. */
  readonly kept: boolean;
  /** It holds a cluster of an earlier demo. */
  readonly resumed: boolean;
  readonly record: DemoRecord;
  readonly members: readonly MemberPlace[];
  readonly connection: string;
}

const LEFT_ENDS_WITHIN_MS = 10_000;

export async function prepareHome(options: DemoOptions): Promise<DemoHome> {
  const owner = findServerOwner();
  const directory = openStateDirectory(options.dir);
  try {
    requireReachable(owner, directory.path);
    return await furnish(options, directory, owner);
  } catch (error) {
    if (!directory.existed && directory.left === undefined) await removeStateDirectory(directory.path);
    throw error;
  }
}

async function furnish(
  options: DemoOptions,
  directory: StateDirectory,
  owner: ServerOwner | undefined,
): Promise<DemoHome> {
  const { path } = directory;
  if (directory.left !== undefined) await endLeftovers(path, directory.left);
  const resumed = resumable(directory);
  if (directory.left !== undefined && resumed === undefined) emptyStateDirectory(path);
  const record = await newRecord(options, directory, resumed);
  writeRecord(path, record);
  const { ports } = record;
  const members = memberPlaces(path, ports);
  for (const member of members) writeMemberFiles(path, { member, owner, record });
  const passwordFile = join(path, 'pgpass');
  writePrivate(passwordFile, passwordFileText(ports.members, record.passwords.superuser));
  const connection = connectionString(ports.members, passwordFile);
  return { path, kept: record.kept, resumed: resumed !== undefined, record, members, connection };
}

async function newRecord(
  options: DemoOptions,
  { existed }: StateDirectory,
  resumed: DemoRecord | undefined,
): Promise<DemoRecord> {
  const memberCount = resumed?.memberCount ?? options.memberCount;
  return {
    version: 1,
    demo: { pid: process.pid, startTicks: readProcess(process.pid)?.startTicks ?? 0 },
    started: [],
    kept: options.keep || existed,
    memberCount,
    ports: await choosePorts({ memberCount, etcdCount: ETCD_COUNT, before: resumed?.ports }),
    passwords: resumed?.passwords ?? newPasswords(),
  };
}

export function configFileOf(path: string, name: string): string {
  return join(path, `${name}.yml`);
}

export function logFileOf(path: string, name: string): string {
  return join(path, `${name}.log`);
}

/** What a demo that was killed left behind in a directory that was not to be kept is of no use. */
function resumable({ left }: StateDirectory): DemoRecord | undefined {
  return left?.kept === true ? left : undefined;
}

function memberPlaces(path: string, { members }: DemoPorts): readonly MemberPlace[] {
  return members.map((ports, index) => {
    const name = `node-${index + 1}`;
    return { name, ports, dataDir: join(path, name, 'data') };
  });
}

/** Only what that demo noted, and what works in its members' data directories. */
async function endLeftovers(path: string, { started, ports }: DemoRecord): Promise<void> {
  signalAll(started, 'SIGCONT');
  signalAll(started, 'SIGTERM');
  if (!(await waitForEnd(started, LEFT_ENDS_WITHIN_MS))) signalAll(started, 'SIGKILL');
  const places = memberPlaces(path, ports);
  const left = places.map(({ name, dataDir }) => memberProcesses(dataDir, configFileOf(path, name)));
  await Promise.all(left.map(endMemberProcesses));
}

interface MemberFiles {
  readonly member: MemberPlace;
  readonly owner: ServerOwner | undefined;
  readonly record: DemoRecord;
}

function writeMemberFiles(path: string, { member, owner, record }: MemberFiles): void {
  const dir = join(path, member.name);
  if (!existsSync(dir)) {
    mkdirSync(dir, { mode: 0o700 });
    giveTo(owner, dir);
  }
  writePrivate(configFileOf(path, member.name), memberFileText(member, record.ports, record.passwords));
}

function writePrivate(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
}
