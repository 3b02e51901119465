import { integerFromText } from '../core/settings/quantity.ts';
import type { Tags } from '../core/model/cluster.ts';

/** What a health check may be asked besides its path. */
export interface Query {
  /** First value of each parameter that is not empty. */
  readonly values: ReadonlyMap<string, string>;
}

export function queryFrom(text: string): Query {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (value !== '' && !values.has(name)) values.set(name, value);
  }
  return { values };
}

/** `lag=10MB` in bytes; undefined where there is none or it means nothing. */
export function lagLimit({ values }: Query): bigint | undefined {
  const written = values.get('lag');
  const bytes = written === undefined ? undefined : integerFromText(written, 'B');
  return bytes === undefined || !Number.isSafeInteger(bytes) ? undefined : BigInt(bytes);
}

/** Each `tag_NAME=VALUE` must be a tag of this member. Texts compare exactly, everything else as lower-case text. */
export function tagsMatch({ values }: Query, tags: Tags): boolean {
  return [...values].every(([name, wanted]) => {
    if (!name.startsWith('tag_')) return true;
    const tag = name.slice('tag_'.length);
    if (!Object.hasOwn(tags, tag)) return false;
    const value = tags[tag];
    return typeof value === 'string' ? value === wanted : JSON.stringify(value ?? null).toLowerCase() === wanted;
  });
}
