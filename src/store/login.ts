// The token that all endpoints of one cluster accept, and what must never appear in a text.

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export class Login {
  readonly credentials: Credentials | undefined;
  #token: string | undefined;
  /** The store said that it wants no login. */
  #isOff = false;

  constructor(credentials: Credentials | undefined) {
    this.credentials = credentials;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** What to log in with, where that is due. */
  due(): Credentials | undefined {
    return this.#token === undefined && !this.#isOff ? this.credentials : undefined;
  }

  remember(token: string): void {
    this.#token = token;
  }

  rememberOff(): void {
    this.#isOff = true;
  }

  /** Drops this token, but not a newer one that another call has fetched meanwhile. */
  forget(token: string | undefined): void {
    this.#isOff = false;
    if (this.#token === token) this.#token = undefined;
  }

  /** A text from outside, short, on one line and without the secrets it may echo. */
  withoutSecrets(text: string): string {
    let safe = text;
    for (const secret of [this.#token, this.credentials?.password]) {
      if (secret !== undefined && secret !== '') safe = safe.replaceAll(secret, '***');
    }
    return safe.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
  }
}
