import type { ClusterView } from '../core/model/cluster.ts';
import { localMinutes, withZone } from './local-time.ts';
import { Refusal } from './refusal.ts';
import type { Terminal } from './terminal.ts';

export interface TimeWanted {
  readonly action: 'restart' | 'switchover';
  /** As given; undefined: it is asked for, or now where nothing is to be asked. */
  readonly scheduled: string | undefined;
  readonly isForced: boolean;
  readonly question: (example: string) => string;
  readonly view: ClusterView;
}

const HOUR_MS = 3_600_000;

/** With a zone; undefined: now. Throws Refusal where it is no time, or none can be set because the cluster is paused. */
export async function askedTime(
  { action, scheduled, isForced, question, view }: TimeWanted,
  { terminal }: { readonly terminal: Terminal },
): Promise<string | undefined> {
  const example = localMinutes(new Date(terminal.now().getTime() + HOUR_MS));
  const typed = scheduled ?? (isForced ? 'now' : await terminal.ask(question(example), 'now'));
  if (typed.toLowerCase() === 'now') return undefined;
  const at = withZone(typed);
  if (at === undefined) {
    const hint = 'It should be in an unambiguous format (e.g. ISO 8601)';
    throw new Refusal(`Unable to parse scheduled timestamp (${typed}). ${hint}`);
  }
  if (view.config.value?.paused === true) throw new Refusal(`Can't schedule ${action} in the paused state`);
  return at;
}
