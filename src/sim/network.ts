import type { Agenda } from './time/agenda.ts';
import type { Chance } from './time/chance.ts';

/** Who can reach whom, how fast, and how much gets lost. Names: members, `store`, clients. */
export class Network {
  private readonly agenda: Agenda;
  private readonly chance: Chance;
  private readonly blocked = new Map<string, number>();
  /** Usual time of one way. */
  delayMs = 0.6;
  /** Of questions and answers; a connection sends again instead. */
  lossRate = 0;
  /** Messages that take far longer than usual. */
  slowRate = 0;

  constructor(agenda: Agenda, chance: Chance) {
    this.agenda = agenda;
    this.chance = chance;
  }

  /** Cuts count: two of them need two repairs. */
  cut(from: string, to: string): void {
    this.blocked.set(`${from}>${to}`, (this.blocked.get(`${from}>${to}`) ?? 0) + 1);
  }

  repair(from: string, to: string): void {
    const left = (this.blocked.get(`${from}>${to}`) ?? 0) - 1;
    if (left > 0) this.blocked.set(`${from}>${to}`, left);
    else this.blocked.delete(`${from}>${to}`);
  }

  repairAll(): void {
    this.blocked.clear();
    this.lossRate = 0;
    this.slowRate = 0;
  }

  isOpen(from: string, to: string): boolean {
    return this.blocked.size === 0 || !this.blocked.has(`${from}>${to}`);
  }

  /** How long a message takes this time. */
  oneWayMs(): number {
    const usual = this.delayMs * (0.5 + this.chance.next());
    return this.slowRate > 0 && this.chance.happens(this.slowRate) ? usual + this.chance.between(50, 2500) : usual;
  }

  /** A message that may get lost: never sent again, and nobody is told. */
  send(from: string, to: string, arrive: () => void): void {
    const isLost = this.lossRate > 0 && this.chance.happens(this.lossRate);
    if (isLost || !this.isOpen(from, to)) return;
    this.agenda.after(this.oneWayMs(), arrive);
  }
}
