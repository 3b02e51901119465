import type { SettingMap } from '../core/settings/read-settings.ts';
import { type ConfigDocument, findingAt, mapAt } from './config-document.ts';
import type { Finding, Location } from './finding.ts';
import { pathKey } from './yaml-file.ts';

/** Keys that Patroni ignores but whose meaning is plain: the name of the file instead of the key. */
const MEANT: Readonly<Record<string, string>> = { 'pg_hba.conf': 'pg_hba', 'pg_ident.conf': 'pg_ident' };

interface TakenAsMeant {
  readonly document: ConfigDocument;
  readonly findings: readonly Finding[];
}

/** Moves such keys of `postgresql` to where they were meant, unless the right key is there too. */
export function takeAsMeant(document: ConfigDocument): TakenAsMeant {
  const given = mapAt(document, ['postgresql']);
  const places = new Map(document.places);
  const findings: Finding[] = [];
  const taken: Record<string, unknown> = {};
  for (const [written, meant] of Object.entries(MEANT)) {
    if (!Object.hasOwn(given, written)) continue;
    const path = ['postgresql', written];
    const isTaken = !Object.hasOwn(given, meant);
    if (isTaken) taken[meant] = given[written];
    if (isTaken) movePlaces(document, places, { written, meant });
    const reason = isTaken
      ? `is the name of a file, not a key; taken as ${meant}, while Patroni would ignore it`
      : `is the name of a file, not a key; ignored, because ${meant} is there too`;
    findings.push(findingAt(document, { path, reason, remedy: `write ${meant}:`, severity: 'warning' }));
  }
  if (findings.length === 0) return { document, findings };
  const postgresql = Object.fromEntries(Object.entries(given).filter(([key]) => !Object.hasOwn(MEANT, key)));
  const map: SettingMap = { ...document.map, postgresql: { ...postgresql, ...taken } };
  return { document: { map, places }, findings };
}

function movePlaces(
  document: ConfigDocument,
  places: Map<string, Location>,
  { written, meant }: { readonly written: string; readonly meant: string },
): void {
  const [from, to] = [pathKey(['postgresql', written]), pathKey(['postgresql', meant])];
  for (const [key, place] of document.places) {
    if (key === from || key.startsWith(`${from}\u0000`)) places.set(to + key.slice(from.length), place);
  }
}
