import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { failover } from './failover.ts';
import { outage } from './outage.ts';

const USAGE = 'usage: npm run bench -- failover|outage [--runs N] [--seconds S] [--json FILE]\n';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    json: { type: 'string' },
  },
});
const runs = Number(values.runs);
const seconds = Number(values.seconds);
const isCount = (count: number): boolean => Number.isInteger(count) && count >= 1;
const [what] = positionals;
if ((what !== 'failover' && what !== 'outage') || !isCount(runs) || !isCount(seconds)) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const rows = what === 'failover' ? await failover(runs) : await outage(runs, seconds);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
