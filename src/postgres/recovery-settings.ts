import type { FollowTarget } from '../core/model/job.ts';
import { parameterText } from '../core/settings/parameter-text.ts';
import { isRecoveryParameter } from '../core/settings/recovery-parameters.ts';
import { primaryConninfo } from './conninfo.ts';
import type { PostgresOptions } from './options.ts';
import { confLine } from './postgresql-conf.ts';

/** A target in an included file would stop a standby short of following. */
const NO_TARGET: ReadonlyMap<string, string> = new Map([
  ...['', '_lsn', '_name', '_time', '_xid'].map((what) => [`recovery_target${what}`, ''] as const),
  ['recovery_target_timeline', 'latest'],
]);
const OURS = /^(recovery_target.*|primary_conninfo|primary_slot_name|standby_mode)$/i;

/** What is streamed from, as PostgreSQL reads it; both empty: from nobody. */
export interface UpstreamTexts {
  readonly conninfo: string;
  readonly slot: string;
}

export function upstreamTexts(
  options: PostgresOptions,
  follow: FollowTarget | undefined,
  majorVersion: number,
): UpstreamTexts {
  const conninfo = follow === undefined ? '' : primaryConninfo(options, follow, majorVersion);
  return { conninfo, slot: follow?.slot ?? '' };
}

/**
 * The recovery block of a standby. Without an upstream primary_conninfo is written empty, so that one in another file does
 * not come to life. `overrides` go before what is configured here.
 */
export function recoveryLines(
  options: PostgresOptions,
  fromParameters: ReadonlyMap<string, string>,
  { conninfo, slot }: UpstreamTexts,
  overrides: Readonly<Record<string, string>> = {},
): readonly string[] {
  const given = fromParameters.size > 0 ? fromParameters : textsOf(options.recoveryConf ?? {});
  const lines = new Map([...given].filter(([name]) => isRecoveryParameter(name) && !OURS.test(name)));
  for (const [name, text] of Object.entries(overrides)) lines.set(name, text);
  for (const [name, text] of NO_TARGET) lines.set(name, text);
  lines.set('primary_conninfo', conninfo);
  lines.set('primary_slot_name', slot);
  return linesOf(lines);
}

/**
 * The recovery block of a primary. Nothing of it acts there, but without the targets that it had as a standby PostgreSQL would
 * say of one that was promoted that it needs a restart.
 */
export function primaryLines(): readonly string[] {
  return linesOf(NO_TARGET);
}

function linesOf(texts: ReadonlyMap<string, string>): readonly string[] {
  return [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => confLine(name, text));
}

function textsOf(values: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(values)) {
    const text = parameterText(value);
    if (text !== undefined) texts.set(name.toLowerCase(), text);
  }
  return texts;
}
