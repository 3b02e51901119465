import type { Asked, OperatorRequest } from '../core/model/observation.ts';

export interface RequestAnswer {
  readonly ok: boolean;
  readonly text: string;
}

/** What people have asked for and the core has not answered yet. */
export class Requests {
  private readonly open = new Map<
    number,
    { readonly request: OperatorRequest; readonly onAnswer: (answer: RequestAnswer) => void }
  >();
  private lastId = 0;

  /** `onAnswer` is called at most once. */
  add(asked: Asked, onAnswer: (answer: RequestAnswer) => void): number {
    this.lastId += 1;
    this.open.set(this.lastId, { request: { ...asked, id: this.lastId }, onAnswer });
    return this.lastId;
  }

  all(): readonly OperatorRequest[] {
    return [...this.open.values()].map(({ request }) => request);
  }

  has(kind: OperatorRequest['kind']): boolean {
    return this.all().some((request) => request.kind === kind);
  }

  /** Whoever asked has gone: nothing is done for it any more. */
  drop(id: number): void {
    this.open.delete(id);
  }

  answer(id: number, answer: RequestAnswer): void {
    const entry = this.open.get(id);
    this.open.delete(id);
    entry?.onAnswer(answer);
  }
}
