// What to do when nobody leads and nothing happens by itself: the data of every member side by side, and who can lead.
import { spacedJson } from '../../core/layout/compact-json.ts';
import type { ClusterView } from '../../core/model/cluster.ts';
import { positionToText } from '../../core/model/lsn.ts';
import { planRecovery, type RecoveryFacts, type RecoveryPlan } from '../../core/explain/recovery-plan.ts';
import { namedCluster } from '../named-cluster.ts';
import { prettyTable } from '../pretty-table.ts';
import { type Gathered, gather } from '../recovery-facts.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';

export interface RecoverOptions {
  readonly cluster: string | undefined;
  /** Only ever plans: what it names is for a person to run. */
  readonly isPlan: boolean;
  readonly isJson: boolean;
  /** Addresses of REST APIs of members whose keys are gone. */
  readonly urls: readonly string[];
}

interface Found {
  readonly cluster: string;
  /** undefined: the store does not answer. */
  readonly view: ClusterView | undefined;
  readonly storeWhy: string | undefined;
  readonly facts: readonly RecoveryFacts[];
  readonly silent: readonly Extract<Gathered, { kind: 'silent' }>[];
  readonly plan: RecoveryPlan;
  /** undefined: nothing is to be run. */
  readonly command: string | undefined;
}

/** Changes nothing. Exit code 0 where a safe winner is named, else 1. */
export async function recover(options: RecoverOptions, session: Session): Promise<number> {
  if (!options.isPlan) throw new Refusal('recover only makes plans so far: add --plan');
  const cluster = namedCluster(options.cluster, session);
  const found = await find(cluster, options.urls, session);
  for (const line of options.isJson ? [spacedJson(fields(found))] : lines(found)) session.terminal.out(line);
  return found.plan.winner === undefined ? 1 : 0;
}

async function find(cluster: string, urls: readonly string[], session: Session): Promise<Found> {
  const { view, storeWhy } = await readStore(cluster, session);
  const members = (view?.members ?? []).flatMap(({ name, data }) =>
    data.apiUrl === undefined ? [] : [gather(name, data.apiUrl, session)],
  );
  const own = session.ownApiUrl === undefined ? [] : [session.ownApiUrl];
  const gathered = await Promise.all([...members, ...[...own, ...urls].map((url) => gather(undefined, url, session))]);
  const facts = new Map(
    gathered.flatMap((each) => (each.kind === 'facts' ? [[each.facts.name, each.facts] as const] : [])),
  );
  const silent = gathered
    .filter((each) => each.kind === 'silent')
    .filter((each) => each.name === undefined || !facts.has(each.name));
  const plan = planRecovery([...facts.values()], view);
  return {
    cluster,
    view,
    storeWhy,
    facts: [...facts.values()],
    silent,
    plan,
    command: commandFor(cluster, plan, view),
  };
}

async function readStore(
  cluster: string,
  { dcs }: Session,
): Promise<{ readonly view: ClusterView | undefined; readonly storeWhy: string | undefined }> {
  try {
    const { view } = await dcs.read(cluster);
    return { view, storeWhy: undefined };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { view: undefined, storeWhy: error.message };
  }
}

/** Where somebody leads there is nothing to run; where the store is silent nobody can lead before it is back. */
function commandFor(
  cluster: string,
  { winner, fallback }: RecoveryPlan,
  view: ClusterView | undefined,
): string | undefined {
  const name = winner ?? fallback?.name;
  if (name === undefined || view?.leader !== undefined) return undefined;
  return `kornakctl failover ${cluster} --candidate ${name} --force`;
}

function lines(found: Found): readonly string[] {
  const { plan, view, storeWhy, command } = found;
  const { winner, fallback } = plan;
  return [
    table(found),
    ...(storeWhy === undefined ? [] : [`The store: ${storeWhy}. Nobody can lead before it answers again.`]),
    ...found.silent.map(({ name, url, why }) => `${name ?? url} does not answer: ${why}`),
    ...remembered(view),
    '',
    winner === undefined ? `No safe winner: ${plan.why}.` : `Safe winner: ${winner}. ${plan.why}.`,
    ...(plan.missing === undefined ? [] : [`Missing: ${plan.missing}.`]),
    ...(fallback === undefined ? [] : [`At a price: ${fallback.name}. ${fallback.price}.`]),
    ...waiting(found),
    ...(command === undefined
      ? ['Nothing is to be run.']
      : [`To have ${winner ?? fallback?.name ?? ''} lead now: ${command}`]),
  ];
}

function table({ cluster, facts }: Found): string {
  const columns = ['Member', 'Server', 'pg_control', 'WAL reaches', 'Priority', 'System identifier'].map((title) => ({
    title,
  }));
  const rows = facts.map((each) => [
    each.name,
    each.server,
    each.controlState ?? '',
    each.position === undefined ? '' : `${each.isExact ? '' : 'at least '}${positionToText(each.position)}`,
    each.neverLeader === undefined ? String(each.priority) : 'never leads',
    each.systemId ?? '',
  ]);
  return prettyTable(columns, rows, ` Cluster: ${cluster} `);
}

function remembered(view: ClusterView | undefined): readonly string[] {
  const last = view?.last.value;
  if (view === undefined) return [];
  const led =
    view.reign.value === undefined
      ? []
      : [`${view.leader?.name ?? view.reign.value.name} ${view.leader === undefined ? 'led last' : 'leads'}.`];
  const told =
    last === undefined
      ? []
      : [`Last told position: ${positionToText(last)} by ${last.name}${last.final ? ', after a clean shutdown' : ''}.`];
  const { leader, voters, quorum } = view.sync.value;
  const sync =
    leader === undefined
      ? []
      : [`/sync: leader ${leader}, synchronous ${voters.join(', ') || 'nobody'}, quorum ${quorum}.`];
  return [...led, ...told, ...sync];
}

function waiting({ facts, view }: Found): readonly string[] {
  if (view?.leader !== undefined) return [];
  const told = facts.flatMap(({ name, why }) => (why === undefined ? [] : [`  ${name}: ${why}`]));
  return told.length === 0 ? [] : ['Why nothing happens by itself:', ...told];
}

function fields({ cluster, view, storeWhy, facts, silent, plan, command }: Found): Readonly<Record<string, unknown>> {
  return {
    cluster,
    leader: view?.leader?.name ?? null,
    store: storeWhy ?? 'answers',
    members: facts.map(({ position, ...each }) => ({ ...each, timeline: position?.timeline, lsn: position?.lsn })),
    silent: silent.map(({ name, url, why }) => ({ name: name ?? null, url, why })),
    winner: plan.winner ?? null,
    why: plan.why,
    missing: plan.missing ?? null,
    fallback: plan.fallback ?? null,
    command: command ?? null,
  };
}
