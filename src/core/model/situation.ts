/** What the local PostgreSQL is to this agent. */
export type ServerSituation =
  | 'primary'
  | 'standby'
  /** It runs, does not answer, and is known to be coming up. */
  | 'starting'
  /** It runs and does not answer. */
  | 'silent'
  | 'down'
  | 'empty'
  | 'unfinished'
  | 'foreign'
  | 'unreadable';

/** How far the agent may act of itself. */
export type ModeSituation = 'automatic' | 'standby cluster' | 'paused';

/** Who leads, as far as this agent knows. */
export type LeadSituation =
  /** This agent, with a lease whose deadline is ahead. */
  | 'held'
  /** The store says this member, but no lease is held here. */
  | 'named'
  | 'other'
  | 'nobody'
  /** The store does not answer, and no lease is held. */
  | 'unknown';

/** One cell of the table of decisions. Every observation falls into exactly one. */
export interface Situation {
  readonly mode: ModeSituation;
  readonly server: ServerSituation;
  readonly lead: LeadSituation;
}

export function situationToText({ mode, server, lead }: Situation): string {
  return `${mode}, ${server}, ${lead}`;
}
