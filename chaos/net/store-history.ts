// What a key of the store was, change by change: etcd keeps every revision, and a watch from an old one tells them all.

export interface KeyChange {
  readonly revision: number;
  /** undefined: it was deleted. */
  readonly value: string | undefined;
}

/** From what the JSON gateway streams, a line per answer; a line that was cut off is left out. */
export function changesOf(stream: string): readonly KeyChange[] {
  return stream.split('\n').flatMap((line) => eventsIn(parsed(line)).flatMap(changeOf));
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

function eventsIn(answer: unknown): readonly unknown[] {
  const events = field(field(answer, 'result'), 'events');
  return Array.isArray(events) ? events : [];
}

function changeOf(event: unknown): readonly KeyChange[] {
  const pair = field(event, 'kv');
  const revision = Number(field(pair, 'mod_revision'));
  if (!Number.isInteger(revision)) return [];
  const value = field(pair, 'value');
  const isGone = field(event, 'type') === 'DELETE';
  return [
    { revision, value: isGone ? undefined : Buffer.from(typeof value === 'string' ? value : '', 'base64').toString() },
  ];
}
