import { isNeverLeader } from '../model/tags.ts';
import type { SlotSettings } from '../settings/slot-settings.ts';
import { isNostream, tagsOf, type Topology, upstreamsOf } from '../topology/whom-to-follow.ts';

/** What says who keeps permanent logical slots. */
export interface FeedbackScene {
  readonly me: string;
  readonly topology: Topology;
  readonly settings: SlotSettings & { readonly useSlots: boolean };
  readonly isStandbyCluster: boolean;
}

/** Rows that decoding needs are kept only for whom the leader hears of: not below one that does not stream. */
export function mayHoldLogical(topology: Topology, name: string): boolean {
  if (name !== topology.leader && isNeverLeader(tagsOf(topology, name))) return false;
  return !upstreamsOf(topology, name).some((each) => each !== topology.leader && isNostream(topology, each));
}

/** Whether this member must tell its upstream which rows it still needs: for logical slots of its own or of who streams from it. */
export function needsFeedback({ settings, topology, me, isStandbyCluster }: FeedbackScene): boolean {
  const hasLogical = Object.values(settings.permanentSlots).some((slot) => slot.kind === 'logical');
  if (!hasLogical || !settings.useSlots || isStandbyCluster) return false;
  const below = topology.members
    .map((member) => member.name)
    .filter((name) => upstreamsOf(topology, name).includes(me));
  return [me, ...below].some((name) => mayHoldLogical(topology, name));
}
