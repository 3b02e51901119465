import { expect, test } from 'vitest';
import { decodeOver } from './written-config.ts';

test.each<{ readonly name: string; readonly written: string; readonly tags: unknown }>([
  {
    name: 'flags that are off say nothing',
    written: '{nofailover: false, noloadbalance: no, clonefrom: off, nosync: false, nostream: false}',
    tags: {},
  },
  {
    name: 'flags that are on are kept',
    written: '{nofailover: true, clonefrom: on}',
    tags: { nofailover: true, clonefrom: true },
  },
  {
    name: 'beside its priority a flag counts, also when it is off',
    written: '{nofailover: false, failover_priority: 0, nosync: false, sync_priority: 2}',
    tags: { nofailover: false, failover_priority: 0, nosync: false, sync_priority: 2 },
  },
  {
    name: 'a priority is no reason to keep another flag',
    written: '{noloadbalance: false, nosync: false, failover_priority: 1}',
    tags: { failover_priority: 1 },
  },
  {
    name: 'all other tags keep their value and type',
    written: '{replicatefrom: b, zone: 4, spare: false, note: null, list: []}',
    tags: { replicatefrom: 'b', zone: 4, spare: false, note: null, list: [] },
  },
])('tags: $name', ({ written, tags }) => {
  expect(decodeOver(`tags: ${written}`).config?.tags).toEqual(tags);
});
