import type { OperatorRequest } from '../core/model/observation.ts';

export interface RequestAnswer {
  readonly ok: boolean;
  readonly text: string;
}

/** A request before it has a number. */
export type Asked = OperatorRequest extends infer Request
  ? Request extends { readonly id: number }
    ? Omit<Request, 'id'>
    : never
  : never;

/** What people have asked for and the core has not answered yet. */
export class Requests {
  private readonly open = new Map<
    number,
    { readonly request: OperatorRequest; readonly onAnswer: (answer: RequestAnswer) => void }
  >();
  private lastId = 0;

  /** `onAnswer` is called at most once. */
  add(asked: Asked | 'bootstrap' | 'shutdown', onAnswer: (answer: RequestAnswer) => void): number {
    this.lastId += 1;
    const request = { ...(typeof asked === 'string' ? { kind: asked } : asked), id: this.lastId };
    this.open.set(this.lastId, { request, onAnswer });
    return this.lastId;
  }

  all(): readonly OperatorRequest[] {
    return [...this.open.values()].map(({ request }) => request);
  }

  has(kind: OperatorRequest['kind']): boolean {
    return this.all().some((request) => request.kind === kind);
  }

  answer(id: number, answer: RequestAnswer): void {
    const entry = this.open.get(id);
    this.open.delete(id);
    entry?.onAnswer(answer);
  }
}
