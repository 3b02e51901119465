/** Why the agent does not start; the message is complete for a person: what is wrong, where, and what to do. */
export class Refusal extends Error {}
