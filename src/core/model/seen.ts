/** A fact with the boot-clock time at which it was true, or the reason why it could not be got. */
export type Seen<T> =
  | { readonly kind: 'seen'; readonly value: T; readonly atMs: number }
  | { readonly kind: 'unknown'; readonly why: string };

export function seen<T>(value: T, atMs: number): Seen<T> {
  return { kind: 'seen', value, atMs };
}

export function unknown(why: string): Seen<never> {
  return { kind: 'unknown', why };
}

/** The fact, or undefined where it could not be got. */
export function known<T>(fact: Seen<T>): T | undefined {
  return fact.kind === 'seen' ? fact.value : undefined;
}
