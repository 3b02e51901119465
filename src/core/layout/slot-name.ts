const MAX_LENGTH = 63;
/** Most names are slot names as they stand. */
const SLOT_NAME = /^[a-z0-9_]{1,63}$/;

function escapeChar(char: string): string {
  return `u${String(char.codePointAt(0) ?? 0).padStart(4, '0')}`;
}

/** Names asked for, since every decision asks for the same few many times. */
const known = new Map<string, string>();
const KNOWN_MAX = 1_000;

/** The replication slot of a member (contract: interfaces.md 1.7). */
export function slotNameOf(memberName: string): string {
  const before = known.get(memberName);
  if (before !== undefined) return before;
  if (known.size >= KNOWN_MAX) known.clear();
  const slot = slotNameFrom(memberName);
  known.set(memberName, slot);
  return slot;
}

function slotNameFrom(memberName: string): string {
  if (SLOT_NAME.test(memberName)) return memberName;
  const lower = memberName.toLowerCase().replace(/[-.]/g, '_');
  return Array.from(lower, (char) => (/[a-z0-9_]/.test(char) ? char : escapeChar(char)))
    .join('')
    .slice(0, MAX_LENGTH);
}
