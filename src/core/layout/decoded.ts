/** What a key's text means. `why`: it means nothing, and `value` is what an absent key would give. */
export interface Decoded<T> {
  readonly value: T;
  readonly why?: string;
}
