// Preloaded into an agent: on SIGUSR2 it collects garbage and tells what is left, in the file that SOAK_WITNESS names.
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What the agent starts inherits the options, and has nothing to tell. */
if (process.argv[1]?.endsWith('/bin/kornak')) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const file = process.env.SOAK_WITNESS;
  process.on('SIGUSR2', () => {
    collect();
    collect();
    const { heapUsed } = process.memoryUsage();
    writeFileSync(`${file}.new`, JSON.stringify({ heapUsed, active: process.getActiveResourcesInfo() }));
    renameSync(`${file}.new`, file);
  });
}
