import type { Client } from 'pg';
import { isStandby, LocalClient } from './local-session.ts';
import type { RoleSample } from './two-primaries.ts';

const EVERY_MS = 100;

/** Asks one host every 100 ms whether it accepts writes. */
export class RoleProbe extends LocalClient {
  readonly samples: RoleSample[] = [];

  protected async work(client: Client): Promise<void> {
    const askedMs = performance.now();
    const standby = await isStandby(client);
    this.samples.push({ member: this.host.name, askedMs, answeredMs: performance.now(), accepts: standby === false });
    await new Promise((wake) => setTimeout(wake, Math.max(0, askedMs + EVERY_MS - performance.now())));
  }
}
