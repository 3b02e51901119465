import { bridged } from './failsafe-mutants.ts';
import type { Mutant } from './mutant.ts';

export const promisedForLess: Mutant = {
  name: 'promise-of-its-own-length',
  without: 'the length that a leader names: who promises keeps it for a third of that',
  options: (options) => bridged(options, { 'link-cut': 3, isolation: 1 }),
  promise: (give) => (request) =>
    give({ ...request, own: request.own && { ...request.own, promiseMs: request.own.promiseMs / 3 } }),
};

/** Longer than an agent that is killed is away. */
const WRITTEN_AFTER_MS = 3000;

export const promisedUnwritten: Mutant = {
  name: 'promise-told-before-it-is-written',
  without: 'the promise on the disk before it is told',
  options: (options) => bridged(options, { 'agent-kill': 3 }),
  promiseFile: (file, process) => ({
    ...file,
    write: (promises) => {
      process.after(WRITTEN_AFTER_MS, () => void file.write(promises));
      return Promise.resolve(undefined);
    },
  }),
};

export const lossUnnoticed: Mutant = {
  name: 'lost-promises-unnoticed',
  without: 'the wait of an agent that cannot read back what it promised',
  options: (options) => bridged(options, { 'promises-lost': 4 }),
  promiseFile: (file) => ({
    ...file,
    read: async () => {
      const found = await file.read();
      return found.kind === 'read' ? found : { kind: 'read', promises: [] };
    },
  }),
};
