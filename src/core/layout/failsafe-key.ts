import { compactJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { recordFromJson } from './fields.ts';

/** Who had to agree that the leader goes on without the store: member name to its API's address. */
export type FailsafeMembers = Readonly<Record<string, string>>;

export function decodeFailsafe(text: string): Decoded<FailsafeMembers | undefined> {
  const record = recordFromJson(text);
  if (record === undefined) return { value: undefined, why: 'not a JSON object' };
  const members: FailsafeMembers = Object.fromEntries(
    Object.entries(record).flatMap(([name, url]) => (typeof url === 'string' ? [[name, url] as const] : [])),
  );
  return { value: members };
}

export function encodeFailsafe(members: FailsafeMembers): string {
  return compactJson(members);
}
