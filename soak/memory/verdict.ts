import type { Holding } from './holding.ts';

export interface MemberStory {
  readonly member: string;
  /** Nothing has happened yet. */
  readonly start: Holding;
  /** Under way, and warm. */
  readonly warm: Holding;
  /** Under way, at the very end. */
  readonly late: Holding;
  /** Calm again, with the first leader leading. */
  readonly end: Holding;
}

const GROWTH_MAX = 0.15;
/** Pools keep connections for a while, and a look that is under way has some. */
const DESCRIPTORS_MORE_MAX = 4;

function growth(from: number, to: number): number {
  return to / from - 1;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, each) => sum + each, 0);
}

function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
}

/** What is not as it should be; empty: all is. */
export function complaintsOf({ member, start, warm, late, end }: MemberStory): readonly string[] {
  const complaints: string[] = [];
  for (const [what, key] of [
    ['resident memory', 'rssMiB'],
    ['heap', 'heapMiB'],
  ] as const) {
    const more = growth(warm[key], late[key]);
    if (more > GROWTH_MAX)
      complaints.push(`${member}: ${what} ${warm[key].toFixed(1)} → ${late[key].toFixed(1)} MiB (${percent(more)})`);
  }
  const fds = total(end.descriptors) - total(start.descriptors);
  if (fds > DESCRIPTORS_MORE_MAX)
    complaints.push(
      `${member}: ${fds} descriptors more: ${countsText(start.descriptors)} → ${countsText(end.descriptors)}`,
    );
  const timers = (end.active['Timeout'] ?? 0) - (start.active['Timeout'] ?? 0);
  if (timers > DESCRIPTORS_MORE_MAX) complaints.push(`${member}: ${timers} timers more: ${countsText(end.active)}`);
  return complaints;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

export function holdingText({ rssMiB, heapMiB, descriptors, active }: Holding): string {
  return `RSS ${rssMiB.toFixed(1)} MiB, heap ${heapMiB.toFixed(1)} MiB; ${countsText(descriptors)}; active: ${countsText(active)}`;
}
