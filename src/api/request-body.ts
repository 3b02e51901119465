import type { IncomingMessage } from 'node:http';
import { type Answer, page } from './answer.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export type ReadBody =
  { readonly kind: 'body'; readonly value: JsonObject } | { readonly kind: 'refused'; readonly answer: Answer };

const BYTES_MAX = 1024 * 1024;

/** The request's content as a JSON object, whatever its content type says; `mayBeEmpty`: one without members will do. */
export async function readBody(request: IncomingMessage, mayBeEmpty: boolean): Promise<ReadBody> {
  const length = request.headers['content-length'];
  if (length === undefined) return refused(411, 'Content-Length is required');
  if (Number(length) > BYTES_MAX) return refused(413, `The body may have ${BYTES_MAX} bytes at most`);
  const bytes = await readBytes(request);
  if (bytes === undefined) return refused(400, 'The body ended too soon');
  const value = objectFrom(bytes.toString('utf8'), mayBeEmpty);
  return value === undefined
    ? refused(400, 'The body must be a JSON object that is not empty')
    : { kind: 'body', value };
}

/** undefined: the client went away. Node sees to it that no more arrives than was announced. */
async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return request.complete ? Buffer.concat(chunks) : undefined;
}

function objectFrom(written: string, mayBeEmpty: boolean): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(written);
    return isObject(value) && (mayBeEmpty || Object.keys(value).length > 0) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(status: number, explanation: string): ReadBody {
  return { kind: 'refused', answer: page(status, explanation) };
}
