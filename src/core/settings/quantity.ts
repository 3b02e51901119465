// Numbers with units, as PostgreSQL's settings and Patroni's configuration write them: '128MB', '1.5h', '0x10', '010'.

const MEMORY: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };
const TIME: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, min: 6e7, h: 3.6e9, d: 8.64e10 };

/** A value is first rounded to the next smaller unit, and only then to the base unit. */
const SMALLER: Readonly<Record<string, string>> = {
  TB: 'GB',
  GB: 'MB',
  MB: 'kB',
  kB: 'B',
  d: 'h',
  h: 'min',
  min: 's',
  s: 'ms',
  ms: 'us',
};

function table(unit: string): Readonly<Record<string, number>> | undefined {
  if (Object.hasOwn(MEMORY, unit)) return MEMORY;
  return Object.hasOwn(TIME, unit) ? TIME : undefined;
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

interface NumberAndRest {
  readonly number: number;
  readonly rest: string;
}

function leadingInteger(text: string): NumberAndRest | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)/.exec(text);
  const digits = match?.[2];
  if (match === null || digits === undefined) return undefined;
  const isHex = /^0[xX]/.test(digits);
  const isOctal = !isHex && /^0[0-7]+$/.test(digits);
  const magnitude = isHex ? Number(digits) : Number.parseInt(digits, isOctal ? 8 : 10);
  return { number: match[1] === '-' ? -magnitude : magnitude, rest: text.slice(match[0].length) };
}

function leadingNumber(text: string): NumberAndRest | undefined {
  const whole = leadingInteger(text);
  if (whole !== undefined && !/^[.eE]/.test(whole.rest)) return whole;
  const match = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?/.exec(text);
  return match === null ? whole : { number: Number(match[0]), rest: text.slice(match[0].length) };
}

function convert(value: number, unit: string, baseUnit: string): number | undefined {
  const units = table(unit) ?? {};
  const { count, name } = splitBaseUnit(baseUnit);
  const [from, to] = [units[unit], units[name]];
  if (from === undefined || to === undefined) return undefined;
  const smaller = units[SMALLER[unit] ?? ''];
  const scaled = smaller === undefined ? value * from : roundHalfToEven((value * from) / smaller) * smaller;
  return scaled / to / count;
}

/** '8kB' counts in steps of 8 kB. */
function splitBaseUnit(baseUnit: string): { readonly count: number; readonly name: string } {
  const digits = /^[0-9]*/.exec(baseUnit)?.[0] ?? '';
  return { count: digits === '' ? 1 : Number(digits), name: baseUnit.slice(digits.length) };
}

/**
 * A whole number of `baseUnit`s (such as 's', 'MB' or '8kB'); a value without a unit is in the base unit already.
 * undefined where it is no number, or its unit is unknown or does not fit. Without a base unit no unit is accepted.
 */
export function integerFromText(value: unknown, baseUnit?: string): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const parsed = leadingNumber(String(value).trim());
  if (parsed === undefined || !Number.isFinite(parsed.number)) return undefined;
  const unit = parsed.rest.trim();
  if (unit === '') return roundHalfToEven(parsed.number);
  const converted = baseUnit === undefined ? undefined : convert(parsed.number, unit, baseUnit);
  return converted === undefined ? undefined : roundHalfToEven(converted);
}

/** Milliseconds from a number of seconds, whole or not, or from text with a unit ('1500ms', '2s', '5min'). */
export function durationMsFromText(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const text = String(value).trim();
  const seconds = /^[-+]?[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : undefined;
  return seconds === undefined
    ? integerFromText(text === '' || /[0-9.]$/.test(text) ? '?' : text, 'ms')
    : Math.round(seconds * 1000);
}
