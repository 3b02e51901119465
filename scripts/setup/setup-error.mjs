/** The machine lacks something: the message is all that its owner needs to read. */
export class SetupError extends Error {}
