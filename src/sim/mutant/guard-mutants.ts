import type { Guard, GuardAnswer, GuardState } from '../../ports/guard.ts';
import type { Options } from '../options.ts';
import { troubled } from './bias.ts';
import type { Mutant } from './mutant.ts';

/** Programs of the leader's machine stand still, in any combination. */
function standing(options: Options): Options {
  return {
    ...troubled(options, { 'agent-freeze': 2 }),
    watchdog: 'off',
    pausesEveryMs: 6000,
    faultLengthMs: 6000,
    leaderBias: 0.9,
    thinkMs: 40,
  };
}

export const guardLooksLate: Mutant = {
  name: 'guard-looks-late',
  without: 'the look at the deadline before anything else, after a gap in the time of the guard',
  options: standing,
  guardAwakeMs: 2500,
};

export const guardUnheard: Mutant = {
  name: 'guard-unheard',
  without: 'the answer of the guard: it is armed, whether it says so or not',
  options: standing,
  guard: (guard) => new UnheardGuard(guard),
};

/** Who gives no answer is taken at its order. */
class UnheardGuard implements Guard {
  private readonly guard: Guard;
  private assumed: GuardState = { kind: 'disarmed' };

  constructor(guard: Guard) {
    this.guard = guard;
  }

  arm(order: Parameters<Guard['arm']>[0], budgetMs: number): Promise<GuardAnswer> {
    this.assumed = { kind: 'armed', order };
    return this.heard(this.guard.arm(order, budgetMs));
  }

  disarm(budgetMs: number): Promise<GuardAnswer> {
    this.assumed = { kind: 'disarmed' };
    return this.heard(this.guard.disarm(budgetMs));
  }

  state(budgetMs: number): Promise<GuardAnswer> {
    return this.heard(this.guard.state(budgetMs));
  }

  private async heard(asked: Promise<GuardAnswer>): Promise<GuardAnswer> {
    const answer = await asked;
    return answer.kind === 'unanswered' ? { kind: 'ok', state: this.assumed } : answer;
  }
}
