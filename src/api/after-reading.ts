/**
 * A timer that does not come before what has arrived by then was read. A process that was kept from running finds its timers due
 * before it looks at its connections: an answer that came in time would be taken for none. Returns what cancels it.
 */
export function afterReading(delayMs: number, fire: () => void): () => void {
  let reading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    reading = setImmediate(fire);
  }, delayMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
}

/** Aborted after this time, but not before what has arrived by then was read. */
export function patienceOf(delayMs: number): AbortSignal {
  const ending = new AbortController();
  afterReading(delayMs, () => ending.abort());
  return ending.signal;
}
