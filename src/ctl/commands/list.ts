import { localSeconds } from '../local-time.ts';
import { printedMembers } from '../print-members.ts';
import type { Format } from '../format.ts';
import type { Session } from '../session.ts';

export interface ListOptions {
  /** Empty: the one of the configuration. */
  readonly clusters: readonly string[];
  readonly format: Format;
  readonly isExtended: boolean;
  readonly withTimestamp: boolean;
  /** undefined: once. */
  readonly everyMs: number | undefined;
}

/** Shows the members of each cluster: role, state, timeline and lag. */
export async function list(options: ListOptions, session: Session): Promise<number> {
  const { terminal } = session;
  const clusters = namedClusters(options.clusters, session);
  do {
    // Read first, so that a screen is only cleared for something to show.
    const texts = await Promise.all(clusters.map((cluster) => shown(cluster, options, session)));
    if (options.everyMs !== undefined) terminal.clear();
    for (const text of texts) {
      if (options.withTimestamp) terminal.out(localSeconds(terminal.now()));
      terminal.out(text);
    }
    if (options.everyMs !== undefined) await terminal.sleep(options.everyMs);
  } while (options.everyMs !== undefined && clusters.length > 0);
  return 0;
}

async function shown(cluster: string, { format, isExtended }: ListOptions, { dcs }: Session): Promise<string> {
  const { view } = await dcs.read(cluster);
  return printedMembers({ cluster, view, format, isExtended });
}

function namedClusters(named: readonly string[], { scope, terminal }: Session): readonly string[] {
  if (named.length > 0) return named;
  if (scope !== undefined) return [scope];
  terminal.talk('Listing members: No cluster names were provided');
  return [];
}
