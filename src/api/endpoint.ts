import type { Desk } from '../ports/desk.ts';
import type { Answer } from './answer.ts';
import type { Query } from './query.ts';
import type { JsonObject } from './request-body.ts';
import type { Situation } from './situation.ts';

export interface ApiRequest {
  readonly path: string;
  readonly query: Query;
  /** {} where the endpoint takes no body or an optional one was not sent. */
  readonly body: JsonObject;
}

/** What handlers answer from. */
export interface Office {
  readonly desk: Desk;
  readonly scope: string;
  readonly name: string;
  readonly startedMs: number;
  /** undefined until the first cycle has ended. */
  readonly situation: Situation | undefined;
}

/** One line of the contract. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Matched by its segments, from the left; what follows them is ignored. */
  readonly path: string;
  /** It changes something: who asks must be known where authentication is configured. */
  readonly isUnsafe: boolean;
  readonly body: 'none' | 'optional' | 'required';
  /** How old a snapshot it may answer from; the answer waits a little for a newer one. Without it any will do. */
  readonly maxAgeMs?: number;
  /** Longer than others may take, because people wait for an outcome. Bounds itself. */
  readonly isPatient?: true;
  /** One sentence for the reference. */
  readonly doc: string;
  readonly handle: (request: ApiRequest, office: Office) => Answer | Promise<Answer>;
}
