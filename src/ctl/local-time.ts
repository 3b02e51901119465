/** `YYYY-MM-DD HH:MM:SS` in the local zone. */
export function localSeconds(at: Date): string {
  return `${localDate(at)} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** As patronictl stamps what it did: five digits of a second. */
export function localStamp(at: Date): string {
  return `${localSeconds(at)}.${String(at.getMilliseconds()).padStart(3, '0')}00`;
}

/** `YYYY-MM-DDTHH:MM`, as an example to type. */
export function localMinutes(at: Date): string {
  return `${localDate(at)}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** A time as typed, with the zone of this machine where it has none; undefined where it is no time. */
export function withZone(typed: string): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i.exec(
    typed.trim(),
  );
  if (match === null) return undefined;
  const [, date = '', minutes = '00:00', seconds = ':00', zone] = match;
  const local = `${date}T${minutes}${seconds}`;
  const at = new Date(local);
  if (Number.isNaN(at.getTime())) return undefined;
  return local + (zone === undefined ? offsetOf(at) : fullZone(zone));
}

function fullZone(zone: string): string {
  if (zone.toUpperCase() === 'Z') return '+00:00';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone.charAt(0)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

function offsetOf(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function localDate(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
