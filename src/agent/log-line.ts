import type { LogLevel } from '../ports/log.ts';

export interface LogRecord {
  readonly at: Date;
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `YYYY-MM-DD HH:MM:SS,mmm LEVEL: text`, local time, as Patroni writes it; fields follow as `key=value`. */
export function plainLine({ at, level, text, fields }: LogRecord): string {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  const when = local.slice(0, 23).replace('T', ' ').replace('.', ',');
  const details = Object.entries(fields).map(([key, value]) => ` ${key}=${shown(value)}`);
  return `${when} ${level}: ${oneLine(text)}${details.join('')}\n`;
}

export function jsonLine({ at, level, text, fields }: LogRecord): string {
  const record = { ...fields, asctime: at.toISOString(), levelname: level, message: text };
  return `${JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))}\n`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:-]+$/.test(value) ? value : JSON.stringify(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function oneLine(text: string): string {
  return text.trimEnd().replaceAll('\n', '\n\t');
}
