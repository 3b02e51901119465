// What one host does with the packets that cross its interface: rules of nftables in its namespace, a table for each fault.
import { spawn } from 'node:child_process';
import type { Host } from '../../test/support/namespaces.ts';

/** silence: packets vanish. reset: whoever sends them is told at once. */
export type Manner = 'silence' | 'reset';

export type Trouble =
  | { readonly kind: 'deaf'; readonly manner: Manner }
  | { readonly kind: 'mute'; readonly manner: Manner }
  | { readonly kind: 'ports'; readonly ports: readonly number[]; readonly manner: Manner }
  | { readonly kind: 'peer'; readonly address: string; readonly manner: Manner }
  | { readonly kind: 'loss'; readonly percent: number };

let tables = 0;
const standing = new Map<Host, Set<string>>();

/** Returns what ends it. */
export async function trouble(host: Host, what: Trouble): Promise<() => Promise<void>> {
  tables += 1;
  const table = `fault${tables}`;
  const { incoming, outgoing } = rulesOf(what);
  await nft(
    host,
    `table inet ${table} {
      chain in { type filter hook input priority 0; policy accept; ${incoming.map((rule) => `iifname "eth0" ${rule};`).join(' ')} }
      chain out { type filter hook output priority 0; policy accept; ${outgoing.map((rule) => `oifname "eth0" ${rule};`).join(' ')} }
    }`,
  );
  const own = standing.get(host) ?? new Set();
  standing.set(host, own.add(table));
  return () => remove(host, table);
}

/** Of the host; rules that others have made stay. */
export async function clearTroubles(host: Host): Promise<void> {
  for (const table of standing.get(host) ?? []) await remove(host, table);
}

async function remove(host: Host, table: string): Promise<void> {
  // Ended twice is ended.
  if (standing.get(host)?.delete(table) === true) await nft(host, `delete table inet ${table}`);
}

function rulesOf(what: Trouble): { readonly incoming: readonly string[]; readonly outgoing: readonly string[] } {
  if (what.kind === 'loss') {
    const rule = `numgen random mod 100 < ${what.percent} drop`;
    return { incoming: [rule], outgoing: [rule] };
  }
  // A reset that was sent for that reason must get out.
  const end = what.manner === 'reset' ? 'tcp flags & rst == 0 reject with tcp reset' : 'drop';
  if (what.kind === 'deaf') return { incoming: [end], outgoing: [] };
  if (what.kind === 'mute') return { incoming: [], outgoing: [end] };
  if (what.kind === 'peer')
    return { incoming: [`ip saddr ${what.address} ${end}`], outgoing: [`ip daddr ${what.address} ${end}`] };
  const set = `{ ${what.ports.join(', ')} }`;
  const both = [`tcp dport ${set} ${end}`, `tcp sport ${set} ${end}`];
  return { incoming: both, outgoing: both };
}

export async function nft(host: Host, rules: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn('nsenter', [`--net=/run/netns/${host.namespace}`, 'nft', '-f', '-'], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`nft: ${said.trim()}\n${rules}`));
    });
    child.stdin.end(rules);
  });
}
