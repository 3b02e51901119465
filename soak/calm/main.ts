import { parseArgs } from 'node:util';
import { SoakLedger } from '../ledger.ts';
import { disturbancesOf, disturbanceToText } from './disturbances.ts';
import { type CalmOrder, runCalm } from './run.ts';

const USAGE = `usage: npm run soak:calm -- [--mode on|quorum|off] [--minutes M] [--seed S] [--no-failsafe] [--dry]
Three members, three etcd and a writer; the agents are an ordinary user's. Eight busy loops a core for 10 s at a time, an election
of etcd each minute, one member of etcd that hangs for up to 90 s: nothing of that is a reason to fail over. A row is added to
docs/explain/calm-ledger.jsonl; exit 1 if anybody failed over, or a row was lost. It may be stopped at any moment (SIGINT, SIGTERM):
the row then tells of the minutes until then. --seed repeats the disturbances of one row, --dry only tells them.
`;

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: 'on' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string' },
    'no-failsafe': { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isMode(text: string): text is CalmOrder['mode'] {
  return text === 'on' || text === 'quorum' || text === 'off';
}

async function main(): Promise<number> {
  const { mode } = values;
  const ledger = new SoakLedger('calm-ledger.jsonl');
  const minutes = Number(values.minutes);
  const seed = values.seed === undefined ? ledger.nextSeed() : Number(values.seed);
  if (!isMode(mode) || !(minutes > 0) || !Number.isInteger(seed)) {
    process.stderr.write(USAGE);
    return 2;
  }
  if (values.dry) {
    for (const disturbance of disturbancesOf(seed, minutes)) say(disturbanceToText(disturbance));
    return 0;
  }
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
  const failsafe = !values['no-failsafe'];
  const result = await runCalm({ mode, failsafe, seed, minutes, signal: stopping.signal, say });
  ledger.append({ mode, failsafeMode: failsafe, seed, ...result });
  const { done, falseFailovers, lost } = result;
  say(
    `seed ${seed}, ${mode}, ${result.minutes} minutes: ${done.starvations} starvations, ${result.elections} elections of etcd ` +
      `(${done.moves} moved, ${done.stops} stopped), ${done.hangs} hangs: ${falseFailovers} false failovers, ` +
      `${result.keyGone} times the key was gone, ${result.failsafe} times carried by the members; ` +
      `${result.acknowledged} acknowledged, ${lost} lost, longest gap ${(result.longestGapMs / 1000).toFixed(2)} s, load ${result.load.toFixed(1)}`,
  );
  return falseFailovers === 0 && lost === 0 ? 0 : 1;
}

process.exitCode = await main();
