// Which part knows which. Made once; nothing in here decides or waits.
import { decodeCluster, syncStateOf } from '../core/layout/decode-cluster.ts';
import type { Keys } from '../core/layout/keys.ts';
import type { PostmasterId } from '../core/model/local-postgres.ts';
import type { Self } from '../core/model/observation.ts';
import { known } from '../core/model/seen.ts';
import { type DynamicConfig, decodeDynamicConfig } from '../core/settings/dynamic-config.ts';
import type { Callbacks } from '../ports/callbacks.ts';
import type { Clock } from '../ports/clock.ts';
import type { Guard } from '../ports/guard.ts';
import type { Log } from '../ports/log.ts';
import type { Peers } from '../ports/peers.ts';
import type { Postgres } from '../ports/postgres.ts';
import type { PromiseFile } from '../ports/promises.ts';
import type { Random } from '../ports/random.ts';
import type { Store } from '../ports/store.ts';
import { EventHistory } from './event-history.ts';
import { Fence } from './fence.ts';
import { JobRunner } from './jobs.ts';
import type { KeyChange } from './key-map.ts';
import { LeaderWatch } from './leader-watch.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { Mirror } from './mirror.ts';
import { Probes } from './probes.ts';
import { PromiseBook } from './promise-book.ts';
import { Publisher } from './publish.ts';
import { Pulse } from './pulse.ts';
import { Requests } from './requests.ts';
import { noteContact, type StoreContact } from './store-contact.ts';
import { Transactor } from './transactor.ts';
import { Unsettled } from './unsettled.ts';
import type { Watchdog } from '../ports/watchdog.ts';
import { VacancyWatch } from './vacancy.ts';
import { WatchdogFeeder } from './watchdog-feeder.ts';
import { reasonToWake } from './what-matters.ts';

export interface RuntimePorts {
  readonly store: Store;
  readonly postgres: Postgres;
  readonly guard: Guard;
  readonly promiseFile: PromiseFile;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly callbacks: Callbacks;
  readonly watchdog: Watchdog;
}

/** What the parts tell whoever runs them. */
export interface Hooks {
  readonly wake: (reason: string) => void;
  readonly broken: (why: string) => void;
  /** As last seen. */
  readonly postmaster: () => PostmasterId | undefined;
  /** The disk did not answer when last looked at. */
  readonly isStalled: () => boolean;
}

export interface Parts extends RuntimePorts {
  readonly self: Self;
  readonly keys: Keys;
  readonly contact: StoreContact;
  readonly mirror: Mirror;
  readonly vacancy: VacancyWatch;
  readonly leaderWatch: LeaderWatch;
  readonly pulse: Pulse;
  readonly transactor: Transactor;
  readonly keeper: LeaseKeeper;
  readonly feeder: WatchdogFeeder;
  readonly jobs: JobRunner;
  readonly fence: Fence;
  readonly publisher: Publisher;
  readonly probes: Probes;
  readonly requests: Requests;
  readonly unsettled: Unsettled;
  readonly promises: PromiseBook;
  readonly history: EventHistory;
  /** The dynamic configuration in force, or what it begins with. */
  readonly config: () => DynamicConfig;
}

export function wire(ports: RuntimePorts, options: { readonly self: Self; readonly keys: Keys }, hooks: Hooks): Parts {
  const { self, keys } = options;
  const { clock, postgres, peers } = ports;
  const contact = noteContact(ports.store, clock);
  const { store } = contact;
  const trouble = (text: string): void => {
    ports.log.log('WARNING', text);
  };
  const mirror = new Mirror({
    store,
    clock,
    prefix: keys.prefix,
    decode: (keyValues, revision) => decodeCluster(keyValues, revision, keys),
    onChanges: (changes) => {
      takeChanges(changes, parts, hooks.wake);
    },
    onContact: hooks.wake,
    onTrouble: trouble,
  });
  const config = configInForce(mirror, self);
  const transactor = new Transactor(store, mirror);
  const feeder = new WatchdogFeeder({ watchdog: ports.watchdog, clock, onTrouble: trouble });
  const keeper = makeKeeper({ ports, store, options, hooks, trouble, feeder }, () => parts.fence);
  const jobs = makeJobs(ports, hooks, keeper);
  const parts: Parts = {
    ...ports,
    store,
    ...options,
    contact,
    mirror,
    vacancy: makeVacancy({ store, clock, mirror, config, wake: hooks.wake }, options),
    leaderWatch: new LeaderWatch({ peers, store, clock, wake: hooks.wake }),
    pulse: new Pulse(clock, () => keeper.leading()),
    transactor,
    keeper,
    feeder,
    jobs,
    fence: new Fence(postgres, jobs, () => feeder.disarm()),
    publisher: new Publisher({ store, transactor, mirror, clock, ...ownMember(options, config), onTrouble: trouble }),
    probes: new Probes({ peers, clock, wake: hooks.wake }),
    requests: new Requests(),
    unsettled: new Unsettled(),
    promises: new PromiseBook({
      file: ports.promiseFile,
      clock,
      name: self.name,
      scope: self.scope,
      onTrouble: trouble,
      onChange: hooks.wake,
    }),
    history: new EventHistory({ clock, mirror, transactor, key: keys.events }),
    config,
  };
  return parts;
}

/** The last good one stays in force while the key is absent or nonsense. */
function configInForce(mirror: Mirror, self: Self): () => DynamicConfig {
  let last = decodeDynamicConfig(self.initialConfig).config;
  return () => {
    last = known(mirror.view())?.config.value ?? last;
    return last;
  };
}

function ownMember(
  { self, keys }: { readonly self: Self; readonly keys: Keys },
  config: () => DynamicConfig,
): { readonly memberKey: string; readonly ttlMs: () => number } {
  return { memberKey: keys.member(self.name), ttlMs: () => config().ttlMs };
}

interface KeeperParts {
  readonly ports: RuntimePorts;
  readonly store: Store;
  readonly options: { readonly self: Self; readonly keys: Keys };
  readonly hooks: Hooks;
  readonly feeder: WatchdogFeeder;
  readonly trouble: (text: string) => void;
}

function makeKeeper({ ports, store, options, hooks, trouble, feeder }: KeeperParts, fence: () => Fence): LeaseKeeper {
  return new LeaseKeeper({
    store,
    guard: ports.guard,
    clock: ports.clock,
    leaderKey: options.keys.leader,
    name: options.self.name,
    scope: options.self.scope,
    peers: ports.peers,
    onChange: hooks.wake,
    postmaster: hooks.postmaster,
    onLost: (why) => {
      ports.log.log('ERROR', `the leader lease is lost: ${why}`);
      fence().onLeaseLost();
      hooks.wake('the leader lease is lost');
    },
    onTrouble: trouble,
    watchdog: feeder,
  });
}

function makeJobs({ postgres, clock }: RuntimePorts, hooks: Hooks, keeper: LeaseKeeper): JobRunner {
  return new JobRunner({
    postgres,
    clock,
    confirm: (reign) => keeper.confirm(reign),
    onChange: hooks.wake,
    onOverrun: hooks.broken,
    isStalled: hooks.isStalled,
  });
}

interface VacancyParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly mirror: Mirror;
  readonly config: () => DynamicConfig;
  readonly wake: (reason: string) => void;
}

function makeVacancy(
  { store, clock, mirror, config, wake }: VacancyParts,
  { self, keys }: { readonly self: Self; readonly keys: Keys },
): VacancyWatch {
  return new VacancyWatch({
    store,
    clock,
    name: self.name,
    leaderKey: keys.leader,
    memberKey: (name) => keys.member(name),
    get: (key) => mirror.get(key),
    ttls: config,
    isSynchronous: () => mirror.isKnown() && syncStateOf(mirror.get(keys.sync)).leader !== undefined,
    onChange: wake,
  });
}

/** Everything that follows from changed keys: who led, whether the lease still stands, whether to decide anew. */
function takeChanges(changes: readonly KeyChange[], parts: Parts, wake: (reason: string) => void): void {
  const { keys, self } = parts;
  parts.vacancy.noteChanges(changes);
  if (changes.some(({ key }) => key === keys.leader)) parts.keeper.checkNow();
  const reason = reasonToWake(changes, {
    whole: new Set([
      keys.leader,
      keys.config,
      keys.initialize,
      keys.bootstrap,
      keys.sync,
      keys.failover,
      keys.failsafe,
      keys.reign,
    ]),
    memberPrefix: keys.members,
    ownPrefixes: [keys.pledges, keys.unguardedMarks],
    ownMember: keys.member(self.name),
  });
  if (reason !== undefined) wake(reason);
}
