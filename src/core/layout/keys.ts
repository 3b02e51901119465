/** Where everything of one cluster is in the store. The names are a contract with Patroni and with whoever reads the store. */
export interface Keys {
  /** Ends in a slash; every key starts with it. */
  readonly prefix: string;
  readonly leader: string;
  readonly config: string;
  readonly initialize: string;
  readonly sync: string;
  readonly failover: string;
  readonly status: string;
  /** Written by Patroni before 2.1 instead of `status`. */
  readonly optime: string;
  readonly history: string;
  readonly failsafe: string;
  /** All member keys start with it. */
  readonly members: string;
  /** Own keys: Patroni ignores them. */
  readonly pledges: string;
  readonly reign: string;
  readonly last: string;
  readonly unguardedMarks: string;
  readonly bootstrap: string;
  readonly events: string;
  member(name: string): string;
  pledge(name: string): string;
  unguarded(name: string): string;
}

/** Namespace with or without slashes, of one or more segments; runs of slashes count as one. */
export function keysFor(namespace: string, scope: string): Keys {
  return keysBelow(`/${namespace}/${scope}/`.replace(/\/{2,}/g, '/'));
}

/** For a prefix that is complete already, such as `/service/batman/`. */
export function keysBelow(prefix: string): Keys {
  const members = `${prefix}members/`;
  const pledges = `${prefix}kornak/pledge/`;
  const unguardedMarks = `${prefix}kornak/unguarded/`;
  return {
    prefix,
    leader: `${prefix}leader`,
    config: `${prefix}config`,
    initialize: `${prefix}initialize`,
    sync: `${prefix}sync`,
    failover: `${prefix}failover`,
    status: `${prefix}status`,
    optime: `${prefix}optime/leader`,
    history: `${prefix}history`,
    failsafe: `${prefix}failsafe`,
    members,
    pledges,
    unguardedMarks,
    reign: `${prefix}kornak/reign`,
    last: `${prefix}kornak/last`,
    bootstrap: `${prefix}kornak/bootstrap`,
    events: `${prefix}kornak/events`,
    member: (name) => members + name,
    pledge: (name) => pledges + name,
    unguarded: (name) => unguardedMarks + name,
  };
}

/** The name behind `folder`, as in `members/NAME`; undefined where the key is not directly below it. */
export function nameBelow(folder: string, key: string): string | undefined {
  if (!key.startsWith(folder)) return undefined;
  const name = key.slice(folder.length);
  return name === '' || name.includes('/') ? undefined : name;
}
