// Errors of the gateway come in three shapes: {error: text, code} of a call, {error: {grpc_code, message}} in a
// stream, and {code, message} from etcd 3.6 on.
import { isRecord, type JsonRecord } from './json-record.ts';

export interface GatewayError {
  /** Of gRPC; undefined: none was given. */
  readonly code: number | undefined;
  readonly message: string;
}

export function gatewayErrorFrom(body: JsonRecord): GatewayError | undefined {
  const { error } = body;
  if (isRecord(error))
    return { code: codeFrom(error['grpc_code'] ?? error['code']), message: messageFrom(error['message']) };
  if (typeof error === 'string' && error !== '') return { code: codeFrom(body['code']), message: error };
  if (typeof body['code'] === 'number' && typeof body['message'] === 'string' && !('header' in body)) {
    return { code: codeFrom(body['code']), message: body['message'] };
  }
  return undefined;
}

/**
 * Invalid argument, not found, already exists, permission denied, resource exhausted, failed precondition,
 * out of range, unimplemented, unauthenticated: etcd gives these only when it did nothing and will do nothing.
 * After all others (unavailable, deadline exceeded, unknown …) a write may have happened or may still happen.
 */
const codesOfNothingDone: ReadonlySet<number> = new Set([3, 5, 6, 7, 8, 9, 11, 12, 16]);

export function saysNothingDone(error: GatewayError): boolean {
  return error.code !== undefined && codesOfNothingDone.has(error.code);
}

/** A new token may help: it expired, or authentication was changed or switched on. */
export function wantsNewToken(message: string): boolean {
  return /invalid auth token|user name is empty|revision of auth store is old/.test(message);
}

export function isAuthOff(message: string): boolean {
  return message.includes('authentication is not enabled');
}

export function isLeaseNotFound(message: string): boolean {
  return message.includes('lease not found');
}

function codeFrom(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function messageFrom(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : 'an error without a text';
}
