import type { ToldEvent } from '../core/explain/failover-chain.ts';
import { isRecord, textField } from '../core/layout/fields.ts';

/** In the order of time, each once. What is no event is left out: anybody can write anything. */
export function toldEvents(lists: readonly (readonly unknown[])[]): readonly ToldEvent[] {
  const unique = new Map<string, ToldEvent>();
  for (const value of lists.flat()) {
    const event = eventFrom(value);
    if (event !== undefined) unique.set(`${event.member} ${event.kind} ${event.wallAt} ${event.text}`, event);
  }
  return [...unique.values()].toSorted((a, b) => a.wallMs - b.wallMs);
}

function eventFrom(value: unknown): ToldEvent | undefined {
  if (!isRecord(value)) return undefined;
  const [kind, member, wallAt] = [textField(value, 'kind'), textField(value, 'member'), textField(value, 'wallAt')];
  const wallMs = Date.parse(wallAt ?? '');
  if (kind === undefined || member === undefined || wallAt === undefined || Number.isNaN(wallMs)) return undefined;
  const evidence = value['evidence'];
  return {
    kind,
    member,
    wallAt,
    wallMs,
    rule: textField(value, 'rule') ?? '?',
    text: textField(value, 'text') ?? kind,
    evidence: isRecord(evidence) ? evidence : {},
  };
}
