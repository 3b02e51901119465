// First step of every decoder: nothing an endpoint says is believed before it has been looked at.

export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined: not JSON, or not an object. */
export function recordFromText(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The gateway writes 64-bit numbers as strings. Undefined: no number, or one too big to be counted on. */
export function int64From(value: unknown): number | undefined {
  if (typeof value === 'string' && !/^-?\d{1,19}$/.test(value)) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A list, where a field that is left out means an empty one. Undefined: something else. */
export function listFrom(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : undefined;
}
