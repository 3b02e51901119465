// A program of its own on a host: carries TCP connections to where they would have gone, later than they were sent. What it
// delays is told to it line by line: {"to": address or null for all, "delayMs": number}.
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

interface Way {
  /** Where connections are taken. */
  readonly listen: number;
  readonly address: string;
  readonly port: number;
}

const ways = JSON.parse(process.argv[2] ?? '[]') as readonly Way[];
const delays = new Map<string, number>();
let everybodyMs = 0;

const delayTo = (address: string): number => Math.max(everybodyMs, delays.get(address) ?? 0);

/** What comes in goes out that much later, in its order also when the delay becomes shorter. */
function carry(from: Socket, to: Socket, address: string): void {
  let lastMs = 0;
  const later = (act: () => void): void => {
    lastMs = Math.max(lastMs, performance.now() + delayTo(address));
    const waitMs = lastMs - performance.now();
    if (waitMs <= 0) act();
    else setTimeout(act, waitMs);
  };
  from.on('data', (chunk: Buffer) => later(() => void (to.destroyed || to.write(chunk))));
  from.on('end', () => later(() => void (to.destroyed || to.end())));
  from.on('close', (hadError) => later(() => (hadError ? to.resetAndDestroy() : to.destroy())));
  from.on('error', () => undefined);
}

for (const { listen, address, port } of ways) {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    carry(client, upstream, address);
    carry(upstream, client, address);
  });
  server.listen(listen, '0.0.0.0');
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { to, delayMs } = JSON.parse(line) as { to: string | null; delayMs: number };
  if (to === null) everybodyMs = delayMs;
  else delays.set(to, delayMs);
});
// Whoever started it is gone.
process.stdin.once('close', () => process.exit(0));
process.stdout.write('ready\n');
