// How keys and prefixes are written for the gateway: bytes in base64.

export interface KeyRange {
  readonly key: string;
  readonly range_end: string;
}

/** To etcd a single zero byte means "from the first key" as a start and "to the last key" as an end. */
const ZERO = Buffer.from([0]).toString('base64');

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** All keys that start with `prefix`, and no others. The empty prefix is the whole store. */
export function prefixRange(prefix: string): KeyRange {
  if (prefix === '') return { key: ZERO, range_end: ZERO };
  return { key: base64(prefix), range_end: endOf(Buffer.from(prefix, 'utf8')) };
}

/** The first key after all that start with these bytes. */
function endOf(prefix: Buffer): string {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return ZERO;
  const end = Buffer.from(prefix.subarray(0, length));
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end.toString('base64');
}
