import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BenchCluster } from '../cluster/cluster.ts';
import { type ProductName, PRODUCTS } from '../cluster/product.ts';
import type { Journal } from '../journal.ts';
import { summarise, summaryToText } from '../summary.ts';

const run = promisify(execFile);

export interface ListOrder {
  readonly products: readonly ProductName[];
  readonly runs: number;
  readonly journal: Journal;
  readonly say: (line: string) => void;
}

/** From the start of the control program to its end. */
export async function measureList({ products, runs, journal, say }: ListOrder): Promise<void> {
  for (const product of products) {
    const cluster = await BenchCluster.prepare({ product, mode: 'on' });
    try {
      cluster.startAll();
      await cluster.ready();
      const [program = '', ...args] = PRODUCTS[product].ctl(cluster.nodes[0]?.file ?? '', 'list');
      const timed = async (): Promise<number> => {
        const fromMs = performance.now();
        const { stdout } = await run(program, args);
        if (cluster.nodes.some(({ name }) => !stdout.includes(name))) throw new Error(`list says: ${stdout}`);
        return performance.now() - fromMs;
      };
      // The first reads the program from the disk.
      await timed();
      for (let each = 0; each < runs; each += 1) journal.add('list', PRODUCTS[product], { tookMs: await timed() });
      const times = journal.entries.filter(({ figure, product: of }) => figure === 'list' && of === product);
      say(`${product}: list of three members: ${summaryToText(summarise(times.map(({ tookMs }) => Number(tookMs))))}`);
    } finally {
      await cluster.stop();
    }
  }
}
