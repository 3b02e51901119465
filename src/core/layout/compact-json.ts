/** Deeper than any value of ours, shallow enough for the stack. */
const DEPTH_MAX = 200;

/**
 * JSON as it stands in the store: no blanks, ASCII only, a bigint as a plain number. Members whose value is undefined are left
 * out. Throws on what JSON cannot say, which is a mistake of the caller.
 */
export function compactJson(value: unknown): string {
  return jsonText(value, { comma: ',', colon: ':' }, 0);
}

/** JSON as the REST contract has it: a blank after each comma and colon. */
export function spacedJson(value: unknown): string {
  return jsonText(value, { comma: ', ', colon: ': ' }, 0);
}

/** Whether two texts of a key say the same: as JSON where both are JSON, whatever the order of members; else as text. */
export function contentEquals(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const [left, right] = [parseJson(a), parseJson(b)];
  return left !== undefined && right !== undefined && sameValue(left.value, right.value, 0);
}

/** undefined: it is no JSON. Never throws. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch {
    return undefined;
  }
}

interface Separators {
  readonly comma: string;
  readonly colon: string;
}

function jsonText(value: unknown, by: Separators, depth: number): string {
  if (depth > DEPTH_MAX) throw new RangeError(`JSON nested deeper than ${DEPTH_MAX}`);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return scalarText(value);
  if (Array.isArray(value)) return `[${value.map((item) => jsonText(item, by, depth + 1)).join(by.comma)}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => asciiText(name) + by.colon + jsonText(member, by, depth + 1));
  return `{${members.join(by.comma)}}`;
}

function scalarText(value: unknown): string {
  if (typeof value === 'string') return asciiText(value);
  if (value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return String(value);
  throw new TypeError(`JSON cannot hold a value of type ${typeof value}`);
}

function asciiText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sameValue(a: unknown, b: unknown, depth: number): boolean {
  if (a === b) return true;
  if (depth > DEPTH_MAX || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  if (left.size !== right.size) return false;
  return [...left].every(([name, value]) => right.has(name) && sameValue(value, right.get(name), depth + 1));
}
