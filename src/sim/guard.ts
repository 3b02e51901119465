import type { Guard, GuardAnswer, GuardOrder, GuardState } from '../ports/guard.ts';
import { killFenced } from './database/adapter.ts';
import type { PgHost, PgWorld } from './database/world.ts';
import type { Agenda } from './time/agenda.ts';
import type { Machine } from './time/machine.ts';
import { Process } from './time/process.ts';

/** What a kill takes: stop the postmaster, collect its children, kill them all. */
const KILL_MS = 4;
/** After a thaw the guard is scheduled within this time; backends may be before it. */
const AWAKE_MS = 5;

/** The guard's program on one machine: outlives the agent, not the machine. Kills at the deadline unless it is frozen. */
export class GuardProgram {
  readonly process: Process;
  private readonly host: PgHost;
  private readonly world: PgWorld;
  /** True time until which the last order on this machine lets PostgreSQL write, whichever program had it. */
  dutyUntilMs: number | undefined;
  private order: GuardOrder | undefined;
  private firedReign: number | undefined;
  private call = 0;

  private readonly awakeMs: number;

  /** `dutyUntilMs` is what a guard that was killed leaves behind. */
  constructor(
    host: PgHost,
    world: PgWorld,
    how: { readonly dutyUntilMs?: number | undefined; readonly awakeMs?: number | undefined } = {},
  ) {
    this.host = host;
    this.world = world;
    this.process = new Process(host.machine);
    this.dutyUntilMs = how.dutyUntilMs;
    this.awakeMs = how.awakeMs ?? AWAKE_MS;
  }

  arm(order: GuardOrder): GuardState {
    // Whoever is still being killed is not guarded anew.
    const state = this.state();
    if (state.kind === 'fired' && state.left > 0) return state;
    this.order = order;
    this.firedReign = undefined;
    this.dutyUntilMs = this.process.machine.agenda.nowMs + this.process.machine.untilMs(order.deadlineMs);
    this.watch();
    return this.state();
  }

  disarm(): GuardState {
    this.order = undefined;
    this.firedReign = undefined;
    this.dutyUntilMs = undefined;
    this.call += 1;
    return this.state();
  }

  state(): GuardState {
    const left = this.host.server?.process.alive === false ? 1 : 0;
    if (this.firedReign !== undefined) return { kind: 'fired', reign: this.firedReign, left };
    return this.order === undefined ? { kind: 'disarmed' } : { kind: 'armed', order: this.order };
  }

  /** After a gap in its own time it looks at the deadline before anything else. */
  awake(): void {
    if (this.order === undefined) return;
    // Who looks late has not seen what fell due in the gap either.
    if (this.awakeMs > AWAKE_MS) this.call += 1;
    this.process.after(this.world.chance.between(0, this.awakeMs), () => this.look());
  }

  private watch(): void {
    const call = ++this.call;
    const { order } = this;
    if (order === undefined) return;
    this.process.after(this.process.machine.untilMs(order.deadlineMs), () => {
      if (call === this.call) this.look();
    });
  }

  private look(): void {
    const { order } = this;
    if (order === undefined) return;
    if (this.process.machine.bootMs() < order.deadlineMs) {
      this.watch();
      return;
    }
    this.order = undefined;
    this.firedReign = order.reign;
    this.world.witness.fenced(this.host);
    this.world.trace.note(this.host.name, () => `guard fires, reign ${order.reign}`);
    this.process.after(this.world.chance.next() * KILL_MS, () => killFenced(this.host));
  }
}

/** One agent's line to the guard on its machine. */
export class GuardLine implements Guard {
  private readonly process: Process;
  private readonly program: () => GuardProgram;
  private readonly agenda: Agenda;
  private readonly machine: Machine;

  constructor(process: Process, program: () => GuardProgram) {
    this.process = process;
    this.program = program;
    this.machine = process.machine;
    this.agenda = process.machine.agenda;
  }

  arm(order: GuardOrder, budgetMs: number): Promise<GuardAnswer> {
    return this.ask(budgetMs, (program) => program.arm(order));
  }

  disarm(budgetMs: number): Promise<GuardAnswer> {
    return this.ask(budgetMs, (program) => program.disarm());
  }

  state(budgetMs: number): Promise<GuardAnswer> {
    return this.ask(budgetMs, (program) => program.state());
  }

  private ask(budgetMs: number, act: (program: GuardProgram) => GuardState): Promise<GuardAnswer> {
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (answer: GuardAnswer): void => {
        if (isOver) return;
        isOver = true;
        cancel();
        resolve(answer);
      };
      const cancel = this.process.after(budgetMs / this.machine.clockRate, () =>
        finish({ kind: 'unanswered', why: 'no answer in time' }),
      );
      const program = this.program();
      this.agenda.after(this.machine.chance.between(0.1, 1), () =>
        program.process.run(() => {
          const state = act(program);
          this.process.after(this.machine.chance.between(0.1, 1), () => finish({ kind: 'ok', state }));
        }),
      );
    });
  }
}
