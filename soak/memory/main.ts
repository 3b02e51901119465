import { parseArgs } from 'node:util';
import { SoakLedger } from '../ledger.ts';
import { type MemoryOrder, runMemory } from './run.ts';
import { complaintsOf } from './verdict.ts';

const USAGE = `usage: npm run soak:memory -- [--changes N] [--minutes M] [--warm-minutes W] [--clients C] [--mode on|quorum|off]
Role changes (every fifth by killing the server of the leader) and clients of the API that come and go. The agents' memory at the
end is compared with that after W minutes, descriptors and timers with those of the beginning. A row is added to
docs/explain/memory-ledger.jsonl; exit 1 if an agent holds more than it should. It may be stopped at any moment (SIGINT, SIGTERM):
what it came to by then is compared.
`;

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: 'on' },
    changes: { type: 'string', default: '200' },
    minutes: { type: 'string', default: '60' },
    'warm-minutes': { type: 'string', default: '10' },
    clients: { type: 'string', default: '50' },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isMode(text: string): text is MemoryOrder['mode'] {
  return text === 'on' || text === 'quorum' || text === 'off';
}

async function main(): Promise<number> {
  const { mode } = values;
  const [changes, clients] = [Number(values.changes), Number(values.clients)];
  const [minutes, warmMinutes] = [Number(values.minutes), Number(values['warm-minutes'])];
  const isSense = Number.isInteger(changes) && changes > 0 && Number.isInteger(clients) && clients >= 0;
  if (!isMode(mode) || !isSense || !(warmMinutes > 0 && minutes > warmMinutes)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
  const result = await runMemory({ mode, changes, clients, minutes, warmMinutes, signal: stopping.signal, say });
  const complaints = result.members.flatMap(complaintsOf);
  new SoakLedger('memory-ledger.jsonl').append({ mode, clients, warmMinutes, ...result, complaints });
  for (const complaint of complaints) say(`TOO MUCH: ${complaint}`);
  say(
    `${result.changes} role changes, ${result.answered} answers to clients (${result.left} did not wait) in ${result.minutes} minutes: ` +
      (complaints.length === 0 ? 'nothing has grown' : `${complaints.length} have grown`),
  );
  return complaints.length === 0 ? 0 : 1;
}

process.exitCode = await main();
