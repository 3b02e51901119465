const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3})\d*)?(?:Z|([-+])(\d\d):?(\d\d))$/;

/** Days from 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap day comes last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Milliseconds since the epoch of the clock port's wall time. Arithmetic of its own: `Date` would bring in the real clock. */
export function epochMsFromIso(at: string): number {
  const match = ISO.exec(at);
  if (match === null) throw new Error(`not a wall time: ${at}`);
  const part = (index: number): number => Number(match[index] ?? 0);
  const seconds = daysFromCivil(part(1), part(2), part(3)) * 86_400 + part(4) * 3_600 + part(5) * 60 + part(6);
  const offsetS = (part(9) * 60 + part(10)) * 60 * (match[8] === '-' ? -1 : 1);
  return (seconds - offsetS) * 1_000 + Number((match[7] ?? '').padEnd(3, '0'));
}
