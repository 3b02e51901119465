/** `before` with these changes; itself where they change nothing, since most facts are what they were a moment ago. */
export function changed<T extends object>(before: T, changes: Partial<T>): T {
  for (const name in changes) {
    if (!Object.is(changes[name], before[name])) return { ...before, ...changes };
  }
  return before;
}
