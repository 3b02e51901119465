import { slotNameOf } from '../layout/slot-name.ts';
import type { ClusterStatus, Member } from '../model/cluster.ts';
import { type Lsn, maxLsn } from '../model/lsn.ts';
import { isNeverLeader } from '../model/tags.ts';
import type { PermanentSlot } from '../settings/slot-settings.ts';
import { circles, isNostream, tagsOf, type Topology, whomToFollow } from '../topology/whom-to-follow.ts';
import { type FeedbackScene, mayHoldLogical } from './needs-feedback.ts';

/** Slots can be advanced from version 11 on, so only then other members than the upstream keep them. */
const ADVANCES_SINCE = 110_000;

/** Everything that says which slots a member keeps. */
export interface SlotScene extends FeedbackScene {
  readonly status: ClusterStatus;
  /** Slots of members that were here a moment ago: they are expected back, as after an outage of the store. */
  readonly recentlyGone: ReadonlySet<string>;
  /** `server_version_num`. */
  readonly serverVersion: number;
}

interface Wanted {
  readonly name: string;
  /** Its member connects here, given who follows whom; or it is a permanent one, on the leader. */
  readonly isExpectedActive: boolean;
  /** How far it may be moved, as the leader tells it. */
  readonly position: Lsn | undefined;
}

export type WantedSlot =
  | (Wanted & { readonly kind: 'physical' })
  | (Wanted & { readonly kind: 'logical'; readonly database: string; readonly plugin: string });

export interface WantedSlots {
  readonly slots: ReadonlyMap<string, WantedSlot>;
  /** What the configuration or the names contradict themselves in, for people. */
  readonly clashes: readonly string[];
}

/** Whether every member keeps the slots of all others, so that whoever is promoted has them. */
export function keepsAllMemberSlots({ settings, serverVersion }: SlotScene): boolean {
  return settings.memberSlotsTtlMs > 0 && serverVersion >= ADVANCES_SINCE;
}

/** Which slots this member should have (spec: ha.md 5.4). */
export function wantedSlots(scene: SlotScene): WantedSlots {
  const { settings, topology } = scene;
  if (!settings.useSlots) return { slots: new Map(), clashes: [] };
  const clashes = [...nameClashes(topology.members), ...circleClashes(topology)];
  const slots = new Map<string, WantedSlot>();
  for (const member of topology.members) {
    if (isKept(scene, member)) slots.set(slotNameOf(member.name), memberSlot(scene, member));
  }
  for (const name of retained(scene)) if (!slots.has(name)) slots.set(name, absentMemberSlot(scene, name));
  for (const [name, slot] of Object.entries(settings.permanentSlots)) {
    const clash = addPermanent(scene, slots, name, slot);
    if (clash !== undefined) clashes.push(clash);
  }
  return { slots, clashes };
}

function isKept(scene: SlotScene, member: Member): boolean {
  const { me, topology } = scene;
  if (member.name === me || isNostream(topology, member.name)) return false;
  if (slotNameOf(member.name) === slotNameOf(me)) return false;
  const streamsFromMe = whomToFollow(topology, member.name) === me;
  if (!keepsAllMemberSlots(scene) || isKeptAway(scene))
    return streamsFromMe || (topology.leader !== me && isTiedTo(scene, member));
  return true;
}

/** It would stream from here, were the upstream on the leader's timeline already. */
function isTiedTo({ me, topology }: SlotScene, member: Member): boolean {
  return member.name !== topology.leader && tagsOf(topology, member.name)['replicatefrom'] === me;
}

/** Tagged never to lead, so nobody will look for slots here who does not stream from here. */
function isKeptAway({ me, topology }: SlotScene): boolean {
  return topology.leader !== me && isNeverLeader(tagsOf(topology, me));
}

function retained(scene: SlotScene): readonly string[] {
  if (!keepsAllMemberSlots(scene) || isKeptAway(scene)) return [];
  const nostream = new Set(
    scene.topology.members
      .filter((member) => isNostream(scene.topology, member.name))
      .map((member) => slotNameOf(member.name)),
  );
  return scene.status.retainSlots.filter((name) => name !== slotNameOf(scene.me) && !nostream.has(name));
}

function memberSlot(scene: SlotScene, member: Member): WantedSlot {
  const name = slotNameOf(member.name);
  return {
    kind: 'physical',
    name,
    isExpectedActive: whomToFollow(scene.topology, member.name) === scene.me,
    position: memberPosition(scene, member),
  };
}

/** Of who does not stream from the leader, and where the leader tells no slots of members, the member itself knows best. */
function memberPosition({ status, topology }: SlotScene, member: Member): Lsn | undefined {
  const told = status.slots[slotNameOf(member.name)];
  const leaderTells = isSinceVersion4(topology.members.find(({ name }) => name === topology.leader)?.data.version);
  const cascades = typeof tagsOf(topology, member.name)['replicatefrom'] === 'string';
  const own = cascades || !leaderTells ? member.data.xlogLocation : undefined;
  return told === undefined || own === undefined ? (told ?? own) : maxLsn(told, own);
}

function isSinceVersion4(version: string | undefined): boolean {
  const major = /^(\d+)\./.exec(version ?? '')?.[1];
  return major === undefined || Number(major) >= 4;
}

function absentMemberSlot({ status, recentlyGone }: SlotScene, name: string): WantedSlot {
  return { kind: 'physical', name, isExpectedActive: recentlyGone.has(name), position: status.slots[name] };
}

/** Adds a permanent slot where it belongs; tells why it cannot be had, if its name is taken. */
function addPermanent(
  scene: SlotScene,
  slots: Map<string, WantedSlot>,
  name: string,
  slot: PermanentSlot,
): string | undefined {
  const { me, topology, status } = scene;
  const position = status.slots[name];
  if (slot.kind === 'physical') {
    if (name === slotNameOf(me) || !isPhysicalKept(scene, slot.clusterType)) return undefined;
    const owner = topology.members.find((member) => slotNameOf(member.name) === name);
    const isExpectedActive = owner === undefined ? topology.leader === me : whomToFollow(topology, owner.name) === me;
    slots.set(name, slots.get(name) ?? { kind: 'physical', name, isExpectedActive, position });
    return undefined;
  }
  if (topology.members.some((member) => slotNameOf(member.name) === name) || slots.has(name))
    return `the permanent logical slot ${name} is named like the slot of a member; it is left out`;
  if (!isLogicalKept(scene)) return undefined;
  slots.set(name, { ...slot, name, isExpectedActive: topology.leader === me, position });
  return undefined;
}

function isPhysicalKept(scene: SlotScene, clusterType: 'primary' | 'standby' | undefined): boolean {
  const isOfThisCluster = clusterType === undefined || (clusterType === 'standby') === scene.isStandbyCluster;
  const isElsewhere = scene.serverVersion < ADVANCES_SINCE && scene.topology.leader !== scene.me;
  return isOfThisCluster && !isElsewhere && !isKeptAway(scene);
}

function isLogicalKept(scene: SlotScene): boolean {
  return scene.serverVersion >= ADVANCES_SINCE && !scene.isStandbyCluster && mayHoldLogical(scene.topology, scene.me);
}

function nameClashes(members: readonly Member[]): string[] {
  const namesOf = new Map<string, readonly string[]>();
  for (const { name } of members) {
    const slot = slotNameOf(name);
    namesOf.set(slot, [...(namesOf.get(slot) ?? []), name]);
  }
  return [...namesOf]
    .filter(([, names]) => names.length > 1)
    .map(([slot, names]) => `the members ${names.join(', ')} share the slot name ${slot}; rename one`);
}

function circleClashes(topology: Topology): string[] {
  const names = circles(topology);
  if (names.length === 0) return [];
  return [`replicatefrom of ${names.join(', ')} goes round in a circle; they follow the leader`];
}
