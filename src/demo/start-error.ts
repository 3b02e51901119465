/** The demo cannot start: the message says what is in the way, and what to do about it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
