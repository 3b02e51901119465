// While the store leaves renewals unanswered: asks every member in /failsafe, again and again, to let the leader go on. Only an
// answer of all of them counts, and it counts from the sending of the questions.
import type { Lsn } from '../core/model/lsn.ts';
import type { FailsafeCall, FailsafePeer } from '../core/model/plan.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { Peers } from '../ports/peers.ts';

export interface RoundsOptions {
  readonly peers: Peers;
  readonly clock: Clock;
  readonly name: string;
  readonly scope: string;
  /** undefined: nobody is to be asked now. */
  readonly call: () => FailsafeCall | undefined;
  readonly reign: () => number | undefined;
  /** All have promised what was asked at `sentAtMs`. */
  readonly onPromised: (sentAtMs: number, promiseMs: number, isStill: () => boolean) => Promise<void>;
  readonly onTrouble: (text: string) => void;
}

/** Whoever was asked in one stretch without the store, to be told to forget it. */
export interface Asked {
  readonly reign: number;
  readonly upTo: number;
  readonly members: readonly FailsafePeer[];
}

const FORGET_MS = 1_000;

export class FailsafeRounds {
  private readonly options: RoundsOptions;
  private running = false;
  /** Counts the stretches: an answer that belongs to an earlier one moves nothing. */
  private stretch = 0;
  private number = 0;
  private asking = false;
  private failures = 0;
  /** Who has been asked in this stretch. */
  private readonly asked = new Map<string, FailsafePeer>();
  /** How far the WAL of each member reached when it last answered. */
  private readonly reachedBy = new Map<string, Lsn>();
  private cancelNext: CancelTimer | undefined;

  constructor(options: RoundsOptions) {
    this.options = options;
    // A later agent of this member must not begin with numbers that an earlier one has used in the same reign.
    this.number = Math.round(options.clock.bootMs());
  }

  isRunning(): boolean {
    return this.running;
  }

  reached(): ReadonlyMap<string, Lsn> {
    return new Map(this.reachedBy);
  }

  /** Harmless while a stretch is under way. */
  begin(): void {
    if (this.running) return;
    this.running = true;
    void this.round();
  }

  /** No promise that was asked for moves anything from here on. */
  end(): Asked | undefined {
    const reign = this.options.reign();
    this.stretch += 1;
    this.running = false;
    this.asking = false;
    this.failures = 0;
    this.cancelNext?.();
    const members = [...this.asked.values()];
    this.asked.clear();
    this.reachedBy.clear();
    return members.length === 0 || reign === undefined ? undefined : { reign, upTo: this.number, members };
  }

  /** Only once the guard enforces a deadline that rests on the store again. */
  forget({ reign, upTo, members }: Asked): void {
    const { name, scope, peers } = this.options;
    for (const member of members)
      void peers.forgetFailsafe(member.apiUrl, { name, scope, to: member.name, reign, upTo }, FORGET_MS);
  }

  private async round(): Promise<void> {
    const { clock, onPromised } = this.options;
    const call = this.options.call();
    const reign = this.options.reign();
    if (!this.running || this.asking) return;
    if (call === undefined || reign === undefined) return this.again(100);
    const { stretch } = this;
    this.asking = true;
    const sentAtMs = clock.bootMs();
    const refusals = await this.ask(call, reign);
    if (stretch !== this.stretch) return;
    const names = new Set(call.members.map((member) => member.name));
    // Whom /failsafe has come to name meanwhile was not asked.
    const isStill = (): boolean =>
      stretch === this.stretch && (this.options.call()?.members.every((member) => names.has(member.name)) ?? false);
    if (refusals.length === 0) await onPromised(sentAtMs, call.promiseMs, isStill);
    if (stretch !== this.stretch) return;
    this.asking = false;
    this.note(refusals);
    const pauseMs = refusals.length === 0 ? call.promiseMs / 6 : call.promiseMs / 30;
    this.again(Math.max(pauseMs, sentAtMs + call.promiseMs / 10 - clock.bootMs()));
  }

  private again(delayMs: number): void {
    this.cancelNext?.();
    this.cancelNext = this.options.clock.after(Math.max(1, delayMs), () => {
      void this.round();
    });
  }

  private async ask(call: FailsafeCall, reign: number): Promise<readonly string[]> {
    const { name, scope, peers } = this.options;
    const { connUrl, apiUrl, slots, promiseMs } = call;
    this.number += 1;
    const { number } = this;
    for (const member of call.members) this.asked.set(member.name, member);
    const answers = call.members.map(async (member) => {
      const own = { scope, to: member.name, promiseMs, reign, number };
      const answer = await peers.askFailsafe(member.apiUrl, { name, connUrl, apiUrl, slots, own }, promiseMs / 3);
      if (answer.kind === 'accepted' && answer.reachedLsn !== undefined)
        this.reachedBy.set(member.name, answer.reachedLsn);
      return answer.kind === 'refused' ? [`${member.name}: ${answer.why}`] : [];
    });
    return (await Promise.all(answers)).flat();
  }

  private note(refusals: readonly string[]): void {
    if (refusals.length > 0 && this.failures === 0)
      this.options.onTrouble(`not every member in /failsafe lets us lead on: ${refusals.join('; ')}`);
    this.failures = refusals.length > 0 ? this.failures + 1 : 0;
  }
}
