// Promises to leaders that carry on without the store. A promise binds from the moment on in which it is asked for, and is told
// only once it would survive a loss of power.
import type { PromiseView } from '../core/model/observation.ts';
import type { PromiseVerdict } from '../core/model/plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { ForgetRequest, PromiseRequest } from '../ports/peers.ts';
import type { PromiseFile, PromiseGiven, PromisesRead, StandingPromise } from '../ports/promises.ts';
import { pause } from './pause.ts';

/** The directory is the agent's own: one that does not answer within this time counts as unreadable. */
const READ_MS = 2_000;
/** Nobody needs a longer one; a shorter life of a lease than this is configured anyway. */
const PROMISE_MS_MAX = 3_600_000;
/** There is one leader, and perhaps one before it. */
const LEADERS_MAX = 16;

export interface PromiseBookOptions {
  readonly file: PromiseFile;
  readonly clock: Clock;
  readonly name: string;
  readonly scope: string;
  readonly onTrouble: (text: string) => void;
  /** A promise began or ended. */
  readonly onChange: (reason: string) => void;
}

function endOf({ receivedMs, lengthMs }: StandingPromise): number {
  return receivedMs + lengthMs;
}

function refused(status: 400 | 500 | 502 | 503, why: string): PromiseGiven {
  return { kind: 'refused', status, why };
}

export class PromiseBook {
  private readonly options: PromiseBookOptions;
  private readonly promises = new Map<string, StandingPromise>();
  private verdict: PromiseVerdict = { kind: 'refuse', status: 503, why: 'the agent has just started' };
  private unreadSinceMs: number | undefined;
  /** With the last question; nothing to be kept. */
  private told: { readonly leader: string; readonly slots: PromiseRequest['slots'] } | undefined;
  /** The file holds a record: since it was written, no pledge was made. */
  private isKept = false;
  private writing: Promise<string | undefined> = Promise.resolve(undefined);

  constructor(options: PromiseBookOptions) {
    this.options = options;
  }

  /** To be awaited before the first decision. Whether an earlier agent certainly left no pledge behind. */
  async load(): Promise<boolean> {
    const { clock, file } = this.options;
    const late: Promise<PromisesRead> = pause(clock, READ_MS).then(() => ({ kind: 'unreadable', why: 'no answer' }));
    const found = await Promise.race([file.read(), late]);
    const nowMs = clock.bootMs();
    this.isKept = found.kind === 'read';
    if (found.kind !== 'read') {
      this.unreadSinceMs = nowMs;
      if (found.kind === 'unreadable') this.options.onTrouble(`promises could not be read back: ${found.why}`);
      return false;
    }
    // After a boot the clock began anew: no promise lasts longer than its length from now.
    for (const promise of found.promises)
      this.promises.set(promise.leader, { ...promise, receivedMs: Math.min(promise.receivedMs, nowMs) });
    return true;
  }

  /** The core's word for whoever asks until the next decision. */
  judge(verdict: PromiseVerdict): void {
    this.verdict = verdict;
  }

  view(): PromiseView {
    const nowMs = this.options.clock.bootMs();
    const last = [...this.promises.values()].toSorted((a, b) => endOf(b) - endOf(a))[0];
    if (last !== undefined && endOf(last) > nowMs) {
      const { leader, connUrl, receivedMs } = last;
      const slots = this.told?.leader === leader ? this.told.slots : {};
      return { kind: 'given', leader, connUrl, sinceMs: receivedMs, untilMs: endOf(last), slots };
    }
    return this.unreadSinceMs === undefined ? { kind: 'none' } : { kind: 'unread', sinceMs: this.unreadSinceMs };
  }

  /** Neither the key nor a pledge may be gone for. */
  isBound(): boolean {
    return this.view().kind === 'given';
  }

  async give(request: PromiseRequest): Promise<PromiseGiven> {
    const receivedMs = this.options.clock.bootMs();
    const { verdict } = this;
    if (verdict.kind === 'refuse') return refused(verdict.status, verdict.why);
    const lengthMs = request.own?.promiseMs ?? verdict.promiseMs;
    const refusal = this.misdirected(request) ?? this.outOfBounds(request.name, lengthMs);
    if (refusal !== undefined) return refusal;
    this.enter(request, receivedMs, lengthMs);
    this.told = { leader: request.name, slots: request.slots };
    const failure = await this.keep();
    return failure === undefined ? { kind: 'accepted' } : refused(500, `the promise could not be kept: ${failure}`);
  }

  private misdirected({ name: asker, own }: PromiseRequest): PromiseGiven | undefined {
    const { name, scope } = this.options;
    if (asker === name) return refused(400, 'this member does not ask itself');
    if (own === undefined || (own.to === name && own.scope === scope)) return undefined;
    return refused(400, `this is ${name} of ${scope}, not ${own.to} of ${own.scope}`);
  }

  private outOfBounds(asker: string, lengthMs: number): PromiseGiven | undefined {
    if (!(lengthMs > 0 && lengthMs <= PROMISE_MS_MAX)) return refused(400, 'promise_ms is out of range');
    if (this.promises.has(asker)) return undefined;
    if (this.promises.size >= LEADERS_MAX) this.dropOver();
    return this.promises.size < LEADERS_MAX ? undefined : refused(503, 'too many leaders have asked');
  }

  /** A shorter one must not cut short what was promised before. */
  private enter({ name, connUrl, own }: PromiseRequest, receivedMs: number, lengthMs: number): void {
    const before = this.promises.get(name);
    const asked = own && { reign: own.reign, number: own.number };
    const boundMs = before === undefined ? receivedMs : endOf(before);
    if (boundMs <= receivedMs + lengthMs)
      this.promises.set(name, { leader: name, connUrl, asked, receivedMs, lengthMs });
    if (boundMs <= receivedMs) this.options.onChange(`promised ${name} not to lead`);
  }

  /** Only what was asked for in that reign and not later: the request may have been long on its way. */
  forget({ name, scope, to, reign, upTo }: ForgetRequest): void {
    const promise = this.promises.get(name);
    if (scope !== this.options.scope || to !== this.options.name || promise?.asked === undefined) return;
    if (promise.asked.reign !== reign || promise.asked.number > upTo) return;
    this.promises.delete(name);
    // A record must not be made while a pledge may be on its way; an old one only makes this member wait.
    if (this.verdict.kind === 'give') void this.keep();
    this.options.onChange(`${name} leads through the store again`);
  }

  /** A pledge is about to be made: a record would say that there is none. Resolves with the reason where it cannot be removed. */
  clear(): Promise<string | undefined> {
    return this.inTurn(async () => {
      if (!this.isKept) return undefined;
      const failure = await this.options.file.remove();
      this.isKept = failure !== undefined;
      return failure;
    });
  }

  private dropOver(): void {
    const nowMs = this.options.clock.bootMs();
    for (const [name, promise] of this.promises) if (endOf(promise) <= nowMs) this.promises.delete(name);
  }

  private async keep(): Promise<string | undefined> {
    const failure = await this.inTurn(() => {
      this.isKept = true;
      return this.options.file.write([...this.promises.values()]);
    });
    if (failure !== undefined) this.options.onTrouble(`a promise could not be written: ${failure}`);
    return failure;
  }

  /** One at a time, so that the last one stands. */
  private inTurn(work: () => Promise<string | undefined>): Promise<string | undefined> {
    this.writing = this.writing.then(work);
    return this.writing;
  }
}
