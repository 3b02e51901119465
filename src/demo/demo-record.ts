// What the demo notes about itself in its directory: enough to resume a kept cluster, and to clear up after a demo that
// was killed.
import { randomBytes } from 'node:crypto';
import type { DemoPorts } from './ports.ts';
import type { ProcessId } from './process-table.ts';

export interface Passwords {
  readonly superuser: string;
  readonly replication: string;
  readonly rewind: string;
  readonly restapi: string;
}

export interface DemoRecord {
  readonly version: 1;
  /** The demo that uses, or last used, the directory. */
  readonly demo: ProcessId;
  /** What it started and did not see end. */
  readonly started: readonly ProcessId[];
  /** The directory outlives the demo. */
  readonly kept: boolean;
  readonly memberCount: number;
  readonly ports: DemoPorts;
  readonly passwords: Passwords;
}

export function newPasswords(): Passwords {
  const password = (): string => randomBytes(18).toString('base64url');
  return { superuser: password(), replication: password(), rewind: password(), restapi: password() };
}

export function recordText(record: DemoRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

type Fields = Readonly<Record<string, unknown>>;

/** undefined: not a record of a demo. */
export function recordFrom(text: string): DemoRecord | undefined {
  const fields = fieldsOf(parse(text));
  if (fields?.['version'] !== 1) return undefined;
  const { kept, memberCount } = fields;
  const demo = processFrom(fields['demo']);
  const started = listFrom(fields['started'], processFrom);
  const ports = portsFrom(fields['ports']);
  const passwords = passwordsFrom(fields['passwords']);
  if (typeof kept !== 'boolean' || typeof memberCount !== 'number') return undefined;
  if (demo === undefined || started === undefined || ports === undefined || passwords === undefined) return undefined;
  return { version: 1, demo, started, kept, memberCount, ports, passwords };
}

function portsFrom(value: unknown): DemoPorts | undefined {
  const fields = fieldsOf(value);
  const members = listFrom(fields?.['members'], (item) => {
    const { postgres, restapi } = fieldsOf(item) ?? {};
    return typeof postgres === 'number' && typeof restapi === 'number' ? { postgres, restapi } : undefined;
  });
  const etcd = listFrom(fields?.['etcd'], (item) => {
    const { client, peer } = fieldsOf(item) ?? {};
    return typeof client === 'number' && typeof peer === 'number' ? { client, peer } : undefined;
  });
  return members === undefined || etcd === undefined ? undefined : { members, etcd };
}

function passwordsFrom(value: unknown): Passwords | undefined {
  const { superuser, replication, rewind, restapi } = fieldsOf(value) ?? {};
  if (typeof superuser !== 'string' || typeof replication !== 'string') return undefined;
  if (typeof rewind !== 'string' || typeof restapi !== 'string') return undefined;
  return { superuser, replication, rewind, restapi };
}

function processFrom(value: unknown): ProcessId | undefined {
  const { pid, startTicks } = fieldsOf(value) ?? {};
  return typeof pid === 'number' && pid > 1 && typeof startTicks === 'number' ? { pid, startTicks } : undefined;
}

/** undefined: not a list, or one with something else in it. */
function listFrom<T>(value: unknown, decode: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const decoded = value.map(decode).filter((item) => item !== undefined);
  return decoded.length === value.length ? decoded : undefined;
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
