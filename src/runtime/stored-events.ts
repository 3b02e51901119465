import { decodeEvents } from '../core/layout/own-keys.ts';

/** Compact JSON of what was parsed from JSON: the same text by a shorter way, for there are many of them. */
function storedText(event: unknown): string {
  return JSON.stringify(event).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Where the elements behind `texts` begin in a JSON array that begins with all of them; undefined: it does not. */
function behind(texts: readonly string[], array: string): number | undefined {
  let at = 1;
  for (const text of texts) {
    if (!array.startsWith(text, at) || array[at + text.length] !== ',') return undefined;
    at += text.length + 1;
  }
  return at;
}

/**
 * The events in the store, each as compact JSON. There are many, and a new value is most often the last one without its oldest and
 * with some behind: then only those are parsed.
 */
export class StoredEvents {
  private texts: readonly string[] = [];

  /** Of the key's value as it stands; none where it is no JSON array. */
  read(array: string): readonly string[] {
    this.texts = this.continued(array) ?? decodeEvents(array).value.map(storedText);
    return this.texts;
  }

  private continued(array: string): readonly string[] | undefined {
    for (let first = 0; first < this.texts.length; first += 1) {
      if (!array.startsWith(this.texts[first] ?? '', 1)) continue;
      const kept = this.texts.slice(first);
      const at = behind(kept, array);
      if (at === undefined) continue;
      const { value, why } = decodeEvents(`[${array.slice(at)}`);
      return why === undefined ? [...kept, ...value.map(storedText)] : undefined;
    }
    return undefined;
  }
}
