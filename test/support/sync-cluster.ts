import { readFile, writeFile } from 'node:fs/promises';
import { type TestCluster, type TestMember, until } from './kornak-cluster.ts';

export interface SyncKey {
  readonly leader: string | null;
  readonly quorum: number;
  readonly sync_standby: string | null;
}

/** The value of a key below the cluster's prefix; undefined: it is not there. */
async function valueOf(cluster: TestCluster, key: string): Promise<string | undefined> {
  const start = `/service/${cluster.scope}/${key} `;
  const line = (await cluster.storeDump()).split('\n').find((each) => each.startsWith(start));
  return line?.slice(start.length);
}

export async function syncKey(cluster: TestCluster): Promise<SyncKey | undefined> {
  const text = await valueOf(cluster, 'sync');
  return text === undefined ? undefined : (JSON.parse(text) as SyncKey);
}

export async function historyText(cluster: TestCluster): Promise<string> {
  return (await valueOf(cluster, 'history')) ?? '';
}

/** What the server makes commits wait for. */
export async function waitsFor(member: TestMember): Promise<string> {
  const rows = await member.sql('show synchronous_standby_names');
  return String(rows[0]?.['synchronous_standby_names']);
}

/** Waits until /sync and the setting of the leader are so; tells how they were if they do not come to it. */
export async function settled(
  cluster: TestCluster,
  leader: TestMember,
  wanted: { readonly voters: readonly string[]; readonly quorum: number; readonly names: string },
): Promise<void> {
  const sync_standby = wanted.voters.length === 0 ? null : wanted.voters.toSorted().join(',');
  const expected = JSON.stringify([{ leader: leader.name, quorum: wanted.quorum, sync_standby }, wanted.names]);
  let found = '';
  await until(`/sync and the setting are ${expected}`, async () => {
    found = JSON.stringify([await syncKey(cluster), await waitsFor(leader)]);
    return found === expected;
  }).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; they are ${found}\n${await cluster.lastWords()}`, { cause: error });
  });
}

/** As an operator: the file is changed, and the agent told to read it. */
export async function retag(member: TestMember, tags: Readonly<Record<string, unknown>>): Promise<void> {
  const file = JSON.parse(await readFile(member.file, 'utf8')) as Record<string, unknown>;
  await writeFile(member.file, JSON.stringify({ ...file, tags }), { mode: 0o600 });
  member.signal('SIGHUP');
}

export async function patchConfig(member: TestMember, change: Readonly<Record<string, unknown>>): Promise<void> {
  const { status, text } = await member.api('/config', { method: 'PATCH', body: change });
  if (status !== 200) throw new Error(`PATCH /config: ${status} ${text}`);
}

/** A member answers from its own last look at the store, which may be a moment old. */
export async function answers(member: TestMember, path: string, status: number): Promise<void> {
  await until(`${member.name} answers ${path} with ${status}`, async () => (await member.api(path)).status === status);
}
