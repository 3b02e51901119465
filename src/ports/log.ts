export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** Takes a line and never makes the caller wait. */
export interface Log {
  log(level: LogLevel, text: string, fields?: Readonly<Record<string, unknown>>): void;
}
