import type { Context } from './context.ts';
import { betterOff } from './unfit.ts';

/** Another member could lead in this one's stead now: giving leadership up helps somebody. */
export function isFailoverPossible(ctx: Context): boolean {
  return betterOff(ctx, { kind: 'hung', why: 'it does not serve' }).length > 0;
}
