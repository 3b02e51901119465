import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BenchCluster } from './cluster/cluster.ts';
import { namespacesMissing } from './cluster/hosts.ts';
import type { Mode } from './cluster/member-file.ts';
import { type ProductName, PRODUCTS } from './cluster/product.ts';
import { measureFailover, START } from './failover/measure.ts';
import { FAULTS } from './failover/faults.ts';
import { Journal, JOURNAL } from './journal.ts';
import { measureApi } from './cost/api.ts';
import { measureClusters } from './cost/clusters.ts';
import { measureIdle } from './cost/idle.ts';
import { measureList } from './cost/list.ts';
import { outage } from './outage.ts';
import { writeReport } from './report/write-report.ts';

const USAGE = `usage: npm run bench -- failover [--peer patroni] [--runs N] [--mode on|quorum|off] [--fault ID]...
       npm run bench -- idle     [--peer patroni] [--seconds S] [--sizes 2,3,5,9]
       npm run bench -- api      [--peer patroni] [--seconds S]
       npm run bench -- list     [--peer patroni] [--runs N]
       npm run bench -- clusters [--seconds S] [--sizes 1,10,50]
       npm run bench -- outage   [--runs N] [--seconds S]
       npm run bench -- report
Measures clusters that it starts on this machine, and removes them. Each figure is added to --journal
(docs/explain/benchmarks/runs.jsonl), of which report makes docs/explain/benchmarks.md; --json FILE writes those of this run.
--peer patroni measures the installed Patroni beside Kornak in the same run; --peer-only leaves Kornak out.
Faults: ${[START, ...FAULTS.map(({ id }) => id)].join(', ')}
`;
const MODES: readonly string[] = ['on', 'quorum', 'off'];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    peer: { type: 'string' },
    'peer-only': { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    mode: { type: 'string', multiple: true, default: ['on'] },
    fault: { type: 'string', multiple: true, default: [] },
    sizes: { type: 'string' },
    journal: { type: 'string', default: JOURNAL },
    json: { type: 'string' },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n${USAGE}`);
  process.exit(2);
}

function count(text: string, what: string): number {
  const number = Number(text);
  return Number.isInteger(number) && number >= 1 ? number : refuse(`${what} must be a whole number above 0: ${text}`);
}

function modes(): readonly Mode[] {
  return values.mode.map((mode) => (isMode(mode) ? mode : refuse(`--mode ${mode} is none of ${MODES.join(', ')}`)));
}

function isMode(text: string): text is Mode {
  return MODES.includes(text);
}

function peerOf(name: string | undefined): 'patroni' | undefined {
  return name === undefined || name === 'patroni' ? name : refuse(`--peer ${name}: only patroni is known`);
}

/** Kornak, and the peer where it can be measured here. */
function products(): readonly ProductName[] {
  const peer = peerOf(values.peer);
  const asked: readonly ProductName[] = [
    ...(values['peer-only'] ? [] : (['kornak'] as const)),
    ...(peer === undefined ? [] : [peer]),
  ];
  return asked.filter((name) => {
    const why = PRODUCTS[name].missing();
    if (why !== undefined) say(`${name} is left out: ${why}`);
    return why === undefined;
  });
}

function sizes(fallback: readonly number[]): readonly number[] {
  return values.sizes?.split(',').map((text) => count(text, '--sizes')) ?? fallback;
}

function faults(): readonly string[] {
  const known = new Set([START, ...FAULTS.map(({ id }) => id)]);
  const strange = values.fault.find((id) => !known.has(id));
  return strange === undefined ? values.fault : refuse(`--fault ${strange} is not known`);
}

const runs = count(values.runs, '--runs');
const seconds = count(values.seconds, '--seconds');
const journal = new Journal(values.journal);

const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  failover: async () => {
    const order = { runs, journal, say, products: products(), only: faults(), hostsMissing: namespacesMissing() };
    for (const mode of modes()) await measureFailover({ ...order, mode });
  },
  idle: () => measureIdle({ products: products(), seconds, sizes: sizes([3]), journal, say }),
  api: () => measureApi({ products: products(), seconds, journal, say }),
  list: () => measureList({ products: products(), runs, journal, say }),
  clusters: () => measureClusters({ seconds, sizes: sizes([1, 10, 50]), journal, say }),
  outage: async () => {
    for (const row of await outage(runs, seconds)) journal.add('outage', PRODUCTS.kornak, { ...row });
  },
  report: () => writeReport(values.journal),
};

const [name = ''] = positionals;
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command === undefined || positionals.length > 1) refuse(`no such benchmark: ${positionals.join(' ')}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void BenchCluster.stopAll().finally(() => process.exit(130)));
try {
  await command();
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(journal.entries, null, 2)}\n`);
  // Connections that hang do not keep a finished benchmark.
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
