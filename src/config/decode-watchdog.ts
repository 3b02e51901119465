import type { WatchdogMode } from '../core/model/watchdog.ts';
import type { WatchdogConfig } from './local-config.ts';
import { type Report, warn } from './report.ts';
import type { LocalSchema } from './schema.ts';

const MODES: Readonly<Record<string, WatchdogMode>> = {
  off: 'off',
  disable: 'off',
  disabled: 'off',
  auto: 'automatic',
  automatic: 'automatic',
  require: 'required',
  required: 'required',
};

export function decodeWatchdog(input: LocalSchema['watchdog'], report: Report): WatchdogConfig {
  return {
    mode: modeFrom(input?.mode, report),
    device: input?.device ?? '/dev/watchdog',
    safetyMarginS: input?.safety_margin ?? 5,
    driver: input?.driver ?? 'default',
  };
}

/** YAML takes off for false. */
function modeFrom(value: unknown, report: Report): WatchdogMode {
  if (value === undefined || value === null) return 'automatic';
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  const known = value === false ? 'off' : MODES[word];
  if (known !== undefined) return known;
  warn(report, { path: ['watchdog', 'mode'], reason: 'must be off, automatic or required; off is used' });
  return 'off';
}
