import type { ClusterView } from '../core/model/cluster.ts';
import type { Seen } from '../core/model/seen.ts';

/** Says once of each key that it cannot be understood, and again only when it has changed. */
export class TroubleTeller {
  private readonly tell: (text: string) => void;
  private told: ReadonlySet<string> = new Set();

  constructor(tell: (text: string) => void) {
    this.tell = tell;
  }

  look(cluster: Seen<ClusterView>): void {
    if (cluster.kind === 'unknown') return;
    const texts = new Set(cluster.value.nonsense.map(({ key, why }) => `${key} cannot be used: ${why}`));
    for (const text of texts) if (!this.told.has(text)) this.tell(text);
    this.told = texts;
  }
}
