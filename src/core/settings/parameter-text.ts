const NAME = /^[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)*$/;

/** A name that may stand before the `=` of postgresql.conf. Anything else could smuggle in a line of its own. */
export function isParameterName(name: string): boolean {
  return NAME.test(name);
}

/** The value as text for PostgreSQL; undefined for what has none: null, maps, lists, and text with a line break, which the file cannot hold. */
export function parameterText(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  // oxlint-disable-next-line no-control-regex -- these very characters are refused
  return typeof value === 'string' && !/[\n\r\u0000]/.test(value) ? value : undefined;
}
