import type { FailsafeMembers } from '../model/cluster.ts';
import { compactJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { recordFromJson } from './fields.ts';

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
