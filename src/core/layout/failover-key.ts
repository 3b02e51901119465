import type { FailoverRequest } from '../model/cluster.ts';
import { compactJson, parseJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import { isRecord, textField } from './fields.ts';

/** Old tools write `leader:candidate`, either of which may be empty. */
const LEGACY = /^\s*([^\s:"{}[\]]*)\s*:\s*([^\s:"{}[\]]*)\s*$/;

/** `{}` is how a request is withdrawn, and means none. */
export function decodeFailover(text: string): Decoded<FailoverRequest | undefined> {
  const parsed = parseJson(text);
  if (parsed === undefined) return decodeLegacy(text);
  if (!isRecord(parsed.value)) return { value: undefined, why: 'not a JSON object' };
  const record = parsed.value;
  return request(textField(record, 'leader'), textField(record, 'member'), textField(record, 'scheduled_at'));
}

/** undefined withdraws the request: the key is never deleted. */
export function encodeFailover(wanted: FailoverRequest | undefined): string {
  return compactJson({ leader: wanted?.leader, member: wanted?.candidate, scheduled_at: wanted?.scheduledAt });
}

function decodeLegacy(text: string): Decoded<FailoverRequest | undefined> {
  const match = LEGACY.exec(text);
  if (match === null) return { value: undefined, why: 'neither JSON nor leader:candidate' };
  const [, leader = '', candidate = ''] = match;
  return request(leader === '' ? undefined : leader, candidate === '' ? undefined : candidate, undefined);
}

function request(
  leader: string | undefined,
  candidate: string | undefined,
  scheduledAt: string | undefined,
): Decoded<FailoverRequest | undefined> {
  if (leader === undefined && candidate === undefined) return { value: undefined };
  return {
    value: {
      ...(leader === undefined ? {} : { leader }),
      ...(candidate === undefined ? {} : { candidate }),
      ...(scheduledAt === undefined ? {} : { scheduledAt }),
    },
  };
}
