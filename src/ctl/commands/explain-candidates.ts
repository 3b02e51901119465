// Who would lead, in which order, and why (not): by the function that the members elect with.
import { peerStatusFrom } from '../../api/peer-status.ts';
import { spacedJson } from '../../core/layout/compact-json.ts';
import { type Contender, contenders, standingPledges } from '../../core/explain/candidates.ts';
import type { ClusterView, Member, Tags } from '../../core/model/cluster.ts';
import { positionToText } from '../../core/model/lsn.ts';
import type { PeerStatus } from '../../core/model/observation.ts';
import { seen, type Seen, unknown } from '../../core/model/seen.ts';
import { sizeText } from '../../core/model/size-text.ts';
import { decodeDynamicConfig } from '../../core/settings/dynamic-config.ts';
import { namedCluster } from '../named-cluster.ts';
import { prettyTable } from '../pretty-table.ts';
import type { Session } from '../session.ts';

const BUDGET_MS = 2_000;

export async function explainCandidates(
  options: { readonly cluster: string | undefined; readonly isJson: boolean },
  session: Session,
): Promise<number> {
  const cluster = namedCluster(options.cluster, session);
  const { view } = await session.dcs.read(cluster);
  const peers = new Map(await Promise.all(view.members.map((member) => ask(member, session))));
  const { maximumLagOnFailoverBytes: maximumLagBytes, checkTimeline } =
    view.config.value ?? decodeDynamicConfig({}).config;
  const others = { ...view, members: view.members.filter(({ name }) => name !== view.leader?.name) };
  const all = contenders({ view: others, peers, maximumLagBytes, checkTimeline });
  session.terminal.out(options.isJson ? spacedJson(document(cluster, view, all)) : picture(cluster, view, all));
  return 0;
}

async function ask({ name, data }: Member, { callApi }: Session): Promise<readonly [string, Seen<PeerStatus>]> {
  if (data.apiUrl === undefined) return [name, unknown('it has published no api_url')];
  const reply = await callApi({ method: 'GET', url: data.apiUrl, budgetMs: BUDGET_MS });
  if (reply.kind !== 'answered') return [name, unknown(reply.why)];
  const status = peerStatusFrom(reply.body);
  return [name, status === undefined ? unknown('its answer holds no status') : seen(status, 0)];
}

function picture(cluster: string, view: ClusterView, all: readonly Contender[]): string {
  const columns = ['Rank', 'Member', 'WAL reaches', 'Known from', 'Behind', 'Priority', 'Tags', 'Why (not)'].map(
    (title) => ({ title }),
  );
  const rows = all.map((each) => [
    each.rank === undefined ? '-' : String(each.rank),
    each.name,
    each.position === undefined ? 'unknown' : positionToText(each.position),
    each.source === 'nothing' ? '' : each.source,
    each.behindBytes === undefined ? '' : sizeText(each.behindBytes),
    String(each.priority),
    tagText(tagsOf(view, each.name)),
    reason(each),
  ]);
  const head = view.leader === undefined ? 'nobody leads' : `${view.leader.name} leads`;
  const request = view.failover.value?.candidate;
  const asked = request === undefined ? [] : [`An operator has asked for ${request}.`];
  return [prettyTable(columns, rows, ` Cluster: ${cluster} (${head}) `), ...asked, ...pledgeLines(view)].join('\n');
}

function reason({ bars, isVoter, canPledge }: Contender): string {
  if (bars.length > 0) return bars.join('; ');
  const parts = ['may lead', ...(isVoter ? ['synchronous'] : []), ...(canPledge ? [] : ['cannot pledge: not Kornak'])];
  return parts.join(', ');
}

function tagsOf(view: ClusterView, name: string): Tags {
  return view.members.find((member) => member.name === name)?.data.tags ?? {};
}

function tagText(tags: Tags): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

function pledgeLines(view: ClusterView): readonly string[] {
  const pledges = standingPledges(view);
  if (view.leader !== undefined || pledges.length === 0) return [];
  return [`Pledges: ${pledges.map(({ name, position }) => `${name} ${positionToText(position)}`).join('; ')}`];
}

function document(cluster: string, view: ClusterView, all: readonly Contender[]): Readonly<Record<string, unknown>> {
  return {
    cluster,
    leader: view.leader?.name ?? null,
    requested: view.failover.value?.candidate ?? null,
    candidates: all.map(({ position, behindBytes, ...each }) => ({
      ...each,
      rank: each.rank ?? null,
      timeline: position?.timeline ?? null,
      lsn: position?.lsn ?? null,
      behind: behindBytes ?? null,
      tags: tagsOf(view, each.name),
    })),
  };
}
