import { isSettingMap, note, readDurationMs, type SettingMap, type SettingReader, valueOf } from './read-settings.ts';

/** A slot that is kept whether anybody uses it or not. */
export type PermanentSlot =
  | { readonly kind: 'physical'; readonly clusterType: 'primary' | 'standby' | undefined }
  | { readonly kind: 'logical'; readonly database: string; readonly plugin: string };

/** What a slot must be like to be left alone; what is undefined here may be anything. */
export interface SlotMatcher {
  readonly name: string | undefined;
  readonly type: string | undefined;
  readonly database: string | undefined;
  readonly plugin: string | undefined;
}

export interface SlotSettings {
  /** `member_slots_ttl`: how long the slot of a member that is gone is kept. 0: not at all. */
  readonly memberSlotsTtlMs: number;
  /** `slots`, by name. */
  readonly permanentSlots: Readonly<Record<string, PermanentSlot>>;
  /** `ignore_slots`: slots that match one of these are never dropped. */
  readonly ignoreSlots: readonly SlotMatcher[];
}

const MEMBER_SLOTS_TTL_MS = 1_800_000;
/** The first that is not empty counts. */
const PERMANENT_KEYS = ['permanent_replication_slots', 'permanent_slots', 'slots'] as const;
const SLOT_NAME = /^[a-z0-9_]{1,63}$/;

export function readSlotSettings(reader: SettingReader): SlotSettings {
  return {
    memberSlotsTtlMs: readDurationMs(reader, 'member_slots_ttl', { fallbackMs: MEMBER_SLOTS_TTL_MS, minMs: 0 }),
    permanentSlots: readPermanentSlots(reader),
    ignoreSlots: readIgnoreSlots(reader),
  };
}

function readPermanentSlots(reader: SettingReader): SlotSettings['permanentSlots'] {
  for (const key of PERMANENT_KEYS) {
    const value = valueOf(reader, key);
    if (isNothing(value)) continue;
    if (!isSettingMap(value)) note(reader, key, 'must be a map of slots; ignored');
    else if (Object.keys(value).length > 0) return permanentSlotsOf(reader, key, value);
  }
  return {};
}

function permanentSlotsOf(reader: SettingReader, key: string, slots: SettingMap): SlotSettings['permanentSlots'] {
  const below: SettingReader = { map: slots, path: [...reader.path, key], problems: reader.problems };
  const read = Object.entries(slots).flatMap(([name, value]) => {
    const slot = permanentSlot(below, name, value);
    return slot === undefined ? [] : [[name, slot] as const];
  });
  return Object.fromEntries(read);
}

/** Nothing, or what counts as nothing where a map is expected: null, false, 0, an empty text. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false || value === 0 || value === '';
}

function permanentSlot(reader: SettingReader, name: string, value: unknown): PermanentSlot | undefined {
  const map = isNothing(value) ? {} : value;
  const read = SLOT_NAME.test(name)
    ? isSettingMap(map)
      ? slotFrom(map)
      : 'must be a map with type, database and plugin, or empty'
    : 'is no name of a slot: 1 to 63 of a-z, 0-9 and _';
  if (typeof read !== 'string') return read;
  note(reader, name, `${read}; this slot is left out`);
  return undefined;
}

/** A text: what is wrong with it. */
function slotFrom(map: SettingMap): PermanentSlot | string {
  const [type, database, plugin] = ['type', 'database', 'plugin'].map((key) => textAt(map, key));
  const isDefined = database !== undefined && plugin !== undefined;
  const kind = type ?? (isDefined ? 'logical' : 'physical');
  if (kind === 'logical')
    return isDefined ? { kind, database, plugin } : 'is logical, so it needs a database and a plugin';
  return kind === 'physical' ? physicalFrom(map) : 'must have the type physical or logical';
}

function physicalFrom(map: SettingMap): PermanentSlot | string {
  const clusterType = textAt(map, 'cluster_type');
  return clusterType === undefined || clusterType === 'primary' || clusterType === 'standby'
    ? { kind: 'physical', clusterType }
    : 'must have the cluster_type primary or standby, or none';
}

function textAt(map: SettingMap, key: string): string | undefined {
  const value = Object.hasOwn(map, key) ? map[key] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readIgnoreSlots(reader: SettingReader): readonly SlotMatcher[] {
  const value = valueOf(reader, 'ignore_slots');
  if (isNothing(value)) return [];
  if (!Array.isArray(value)) {
    note(reader, 'ignore_slots', 'must be a list of matchers; ignored');
    return [];
  }
  return value.flatMap((item: unknown) => {
    const matcher = matcherFrom(item);
    if (matcher === undefined)
      note(reader, 'ignore_slots', 'each must be a map with name, type, database or plugin; one is left out');
    return matcher === undefined ? [] : [matcher];
  });
}

/** One that gives nothing would protect every slot for ever. */
function matcherFrom(item: unknown): SlotMatcher | undefined {
  if (!isSettingMap(item)) return undefined;
  const [name, type, database, plugin] = ['name', 'type', 'database', 'plugin'].map((key) => textAt(item, key));
  if (name === undefined && type === undefined && database === undefined && plugin === undefined) return undefined;
  return { name, type, database, plugin };
}
