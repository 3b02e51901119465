const SHOWN = '***';

/**
 * A secret that does not show itself: not in text, not in JSON, not in a log or a dump of the object that holds it.
 * `reveal` is the only way to it, and easy to search for.
 */
export class Redacted<T> {
  readonly #secret: T;

  constructor(secret: T) {
    this.#secret = secret;
  }

  reveal(): T {
    return this.#secret;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  /** What Node's own inspection calls. The symbol is registered globally, so no import is needed for it. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return SHOWN;
  }
}
