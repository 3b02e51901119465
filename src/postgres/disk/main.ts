// The disk helper: touches the disks for the agent, so that a disk which does not answer holds up this process and no other.
// It ends with its standard input. Imports nothing of ours outside this folder.
import { createInterface } from 'node:readline';
import { look } from './look.ts';
import { type DiskReply, type DiskRequest, HEARTBEAT_MS } from './protocol.ts';
import { probeByWriting } from './write-probe.ts';

function say(value: DiskReply | { readonly id: 0 }): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function answer(request: DiskRequest): Promise<DiskReply> {
  const { id } = request;
  try {
    if (request.op === 'look') return { id, facts: await look(request.dataDir, request.stateDir) };
    return { id, probe: await probeByWriting(request.dir) };
  } catch (error) {
    return { id, failed: error instanceof Error ? error.message : String(error) };
  }
}

process.chdir('/');
process.stdout.on('error', () => process.exit(0));
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const request = JSON.parse(line) as DiskRequest;
  void answer(request).then(say);
});
lines.on('close', () => process.exit(0));
setInterval(() => say({ id: 0 }), HEARTBEAT_MS);
say({ id: 0 });
