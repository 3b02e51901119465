/** Boolean words as PostgreSQL and Patroni share them, in any capitals: on, true, yes, 1; off, false, no, 0. undefined for anything else. */
export function booleanFromWord(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const word = String(value).toLowerCase();
  if (word === 'on' || word === 'true' || word === 'yes' || word === '1') return true;
  if (word === 'off' || word === 'false' || word === 'no' || word === '0') return false;
  return undefined;
}
