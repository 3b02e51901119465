import { known } from '../model/seen.ts';
import { isNeverLeader } from '../model/tags.ts';
import { type Context, tagsOf } from './context.ts';
import { betterOff } from './unfit.ts';

/** Another member could lead in this one's stead now: giving leadership up helps somebody. */
export function isFailoverPossible(ctx: Context): boolean {
  if (betterOff(ctx, { kind: 'hung', why: 'it does not serve' }).length > 0) return true;
  return [...ctx.obs.peers.keys()].some((name) => isClose(ctx, name));
}

/** What members publish of their positions may be a `loop_wait` old; what they have just answered is not. */
function isClose(ctx: Context, name: string): boolean {
  const { view } = ctx;
  const peer = ctx.obs.peers.get(name);
  const status = peer === undefined ? undefined : known(peer);
  // Who may follow a synchronous leader is written in /sync, and no position changes it.
  if (view === undefined || status?.receivedLsn === undefined || view.sync.value.leader !== undefined) return false;
  if (isNeverLeader(tagsOf(ctx, name))) return false;
  const lag = (view.status.optime ?? 0n) - status.receivedLsn;
  return lag <= BigInt(ctx.config.maximumLagOnFailoverBytes);
}

/** Members worth asking how far they are, by name. */
export function membersToAsk(ctx: Context): readonly string[] {
  const others = (ctx.view?.members ?? []).filter(({ name, data }) => name !== ctx.me && data.state === 'running');
  return others.map(({ name }) => name);
}
