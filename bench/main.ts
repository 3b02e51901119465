import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { failover } from './failover.ts';

const USAGE = 'usage: npm run bench -- failover [--runs N] [--json FILE]\n';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, json: { type: 'string' } },
});
const runs = Number(values.runs);
if (positionals[0] !== 'failover' || !Number.isInteger(runs) || runs < 1) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const rows = await failover(runs);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
