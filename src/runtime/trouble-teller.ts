import type { ClusterView } from '../core/model/cluster.ts';
import type { Seen } from '../core/model/seen.ts';

/** What there is to say about a dynamic configuration that is in use, in lines. */
export type ReviewConfig = (document: Readonly<Record<string, unknown>>) => readonly string[];

/** Says once of each key what is wrong with it, and again only when it has changed. */
export class TroubleTeller {
  private readonly tell: (text: string) => void;
  private readonly review: ReviewConfig;
  private told: ReadonlySet<string> = new Set();
  private reviewed: { readonly revision: number; readonly texts: readonly string[] } = { revision: 0, texts: [] };

  constructor(tell: (text: string) => void, review: ReviewConfig = () => []) {
    this.tell = tell;
    this.review = review;
  }

  look(cluster: Seen<ClusterView>): void {
    if (cluster.kind === 'unknown') return;
    const unusable = cluster.value.nonsense.map(({ key, why }) => `${key} cannot be used: ${why}`);
    const texts = new Set([...unusable, ...this.inConfig(cluster.value)]);
    for (const text of texts) if (!this.told.has(text)) this.tell(text);
    this.told = texts;
  }

  /** Read anew only when it has changed: there is one decision after the other. */
  private inConfig({ config: { raw, revision } }: ClusterView): readonly string[] {
    if (revision === this.reviewed.revision) return this.reviewed.texts;
    const texts = raw === undefined ? [] : this.review(raw).map((text) => `/config: ${text}`);
    this.reviewed = { revision, texts };
    return texts;
  }
}
