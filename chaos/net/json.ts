/** What a field of something that was told in JSON says, as text; empty: nothing. */
export function textOf(value: unknown, field: string): string {
  if (typeof value !== 'object' || value === null) return '';
  const found: unknown = Object.entries(value).find(([name]) => name === field)?.[1];
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}
