/** Lines of what happened. Built only when somebody wants them. */
export class Trace {
  readonly lines: string[] = [];
  private readonly isKept: boolean;
  private readonly nowMs: () => number;

  constructor(isKept: boolean, nowMs: () => number) {
    this.isKept = isKept;
    this.nowMs = nowMs;
  }

  note(who: string, what: () => string): void {
    if (!this.isKept) return;
    this.lines.push(`${(this.nowMs() / 1000).toFixed(3).padStart(9)} ${who.padEnd(7)} ${what()}`);
  }
}
