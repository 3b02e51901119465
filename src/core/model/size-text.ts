const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** An amount of WAL for people: `512 bytes`, `12 MB`. Rounded down, in steps of 1024 as PostgreSQL counts. */
export function sizeText(bytes: bigint): string {
  let [amount, unit] = [bytes, 0];
  while (amount >= 10_240n && unit < UNITS.length - 1) {
    amount /= 1024n;
    unit += 1;
  }
  return `${amount} ${UNITS[unit] ?? 'bytes'}`;
}
