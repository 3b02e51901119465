// Waits beside a run for its end, whatever that is, and sweeps up behind it: `kill -9` of a run leaves nothing either.
import { sweep } from './sweep.ts';

const [name] = process.argv.slice(2);
if (name === undefined) throw new Error('the name of a run is needed');
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
// The other end of it is the run's alone.
process.stdin.resume().once('close', () => void sweep(name));
