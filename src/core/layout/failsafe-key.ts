import type { FailsafeMembers } from '../model/cluster.ts';
import { compactJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { recordFromJson } from './fields.ts';

export function decodeFailsafe(text: string): Decoded<FailsafeMembers | undefined> {
  const record = recordFromJson(text);
  if (record === undefined) return { value: undefined, why: 'not a JSON object' };
  const members: [string, string][] = [];
  for (const [name, url] of Object.entries(record)) {
    // A map that leaves somebody out would let the others lead, and one of anything else would let nobody.
    if (typeof url !== 'string' || !/^https?:\/\//.test(url))
      return { value: undefined, why: `${name} has no address` };
    members.push([name, url]);
  }
  return { value: Object.fromEntries(members) };
}

export function encodeFailsafe(members: FailsafeMembers): string {
  return compactJson(members);
}
