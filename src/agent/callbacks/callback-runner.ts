import type { CallbackCall } from '../../core/model/callback.ts';
import type { Callbacks } from '../../ports/callbacks.ts';
import type { Log } from '../../ports/log.ts';
import type { LiveConfig } from '../live-config.ts';
import { CallbackSlot } from './callback-slot.ts';

/** Calls the programs that the local file names, as it is at that moment. A reload has a slot of its own. */
export class CallbackRunner implements Callbacks {
  readonly #live: LiveConfig;
  readonly #changes: CallbackSlot;
  readonly #reloads: CallbackSlot;

  constructor(live: LiveConfig, log: Log) {
    this.#live = live;
    this.#changes = new CallbackSlot(log);
    this.#reloads = new CallbackSlot(log);
  }

  call({ action, role }: CallbackCall): void {
    const { scope, postgresql, kornak } = this.#live.now;
    const command = postgresql.callbacks[action];
    if (command === undefined) return;
    const slot = action === 'on_reload' ? this.#reloads : this.#changes;
    slot.call({
      title: `${action} ${role}`,
      words: [...command, action, role, scope],
      timeoutMs: kornak.callbackTimeoutMs,
    });
  }

  /** Gives what runs a little time to end. */
  async close(withinMs: number): Promise<void> {
    await Promise.all([this.#changes.close(withinMs), this.#reloads.close(withinMs)]);
  }
}
