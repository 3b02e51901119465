/** Something that will happen. Without `fire` it was called off. */
export interface Task {
  readonly atMs: number;
  readonly sequence: number;
  fire: (() => void) | undefined;
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs === b.atMs ? a.sequence < b.sequence : a.atMs < b.atMs;
}

/** Virtual time: what is to happen, ordered by time and then by the order in which it was asked for (a binary heap). */
export class Agenda {
  nowMs = 0;
  private sequence = 0;
  private readonly heap: Task[] = [];

  after(delayMs: number, fire: () => void): Task {
    const task: Task = { atMs: this.nowMs + Math.max(0, delayMs), sequence: this.sequence++, fire };
    this.push(task);
    return task;
  }

  /** Moves the clock to the next event and lets it happen. False: nothing is left, or nothing before `untilMs`. */
  step(untilMs: number): boolean {
    for (;;) {
      const next = this.heap[0];
      if (next === undefined || next.atMs > untilMs) return false;
      this.pop();
      const { fire } = next;
      if (fire === undefined) continue;
      this.nowMs = next.atMs;
      next.fire = undefined;
      fire();
      return true;
    }
  }

  private push(task: Task): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(task);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, task)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = task;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      if (left === undefined) break;
      const right = heap[2 * at + 2];
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}
