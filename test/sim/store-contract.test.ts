// The store that every simulated run trusts keeps the contract that real etcd keeps.
import { Network } from '../../src/sim/network.ts';
import { StoreClient } from '../../src/sim/keystore/client.ts';
import { StoreServer } from '../../src/sim/keystore/server.ts';
import { Agenda } from '../../src/sim/time/agenda.ts';
import { Chance } from '../../src/sim/time/chance.ts';
import { Machine } from '../../src/sim/time/machine.ts';
import { Process } from '../../src/sim/time/process.ts';
import { Settler } from '../../src/sim/time/settler.ts';
import { Trace } from '../../src/sim/time/trace.ts';
import { storeContract } from '../contract/store/contract.ts';
import type { StoreHarness } from '../contract/store/harness.ts';

/** Far longer than anything in the contract takes. */
const PATIENCE_MS = 60_000;

class VirtualStore {
  readonly agenda = new Agenda();
  readonly settler = new Settler();
  readonly network = new Network(this.agenda, new Chance(1));
  readonly server = new StoreServer(this.agenda, new Chance(2), new Trace(false, () => 0), () => undefined);
  readonly process = new Process(new Machine('ada', this.agenda, new Chance(3), 1), () => this.settler.touch());

  client(): StoreClient {
    return new StoreClient(this.server, this.process, this.network, {
      lostAnswerRate: () => 0,
      renewed: () => undefined,
      refused: () => undefined,
      unknown: () => undefined,
      called: () => this.settler.touch(),
    });
  }

  /** Lets events happen until the condition holds; false: it does not within `lengthMs`. */
  async goOn(lengthMs: number, condition: () => boolean): Promise<boolean> {
    const untilMs = this.agenda.nowMs + lengthMs;
    // A task that marks the end, so that time passes even where nothing happens.
    const end = this.agenda.after(lengthMs, () => undefined);
    await this.settle();
    while (!condition() && end.fire !== undefined && this.agenda.step(untilMs)) await this.settle();
    return condition();
  }

  private async settle(): Promise<void> {
    this.settler.touch();
    await this.settler.settle();
  }
}

async function virtualHarness(): Promise<StoreHarness> {
  const store = new VirtualStore();
  const until = async (what: string, condition: () => boolean): Promise<void> => {
    if (!(await store.goOn(PATIENCE_MS, condition))) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
  };
  return {
    latenessMsMax: 1,
    client: () => store.client(),
    bootMs: () => store.process.machine.bootMs(),
    async answer(call) {
      let isAnswered = false;
      const noted = call.finally(() => (isAnswered = true));
      await until('an answer', () => isAnswered);
      return noted;
    },
    until,
    async elapse(ms) {
      await store.goOn(ms, () => false);
    },
    async compact() {
      store.server.state.compactedAt = store.server.state.revision;
    },
    async freeze() {
      store.server.stop('silent');
    },
    async shutDown() {
      store.server.stop('down');
    },
    async heal() {
      store.server.heal();
      await until('it serves', () => store.server.mode === 'up');
    },
    async dispose() {},
  };
}

storeContract('the simulated store', virtualHarness);
