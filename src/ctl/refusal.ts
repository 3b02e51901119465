/** What ends a command with `Error: MESSAGE` and exit code 1. Nothing has been done. */
export class Refusal extends Error {}

/** A prompt got no answer. */
export class Aborted extends Error {}
