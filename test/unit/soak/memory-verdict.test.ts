import { expect, test } from 'vitest';
import type { Holding } from '../../../soak/memory/holding.ts';
import { complaintsOf, type MemberStory } from '../../../soak/memory/verdict.ts';

const HOLDING: Holding = {
  rssMiB: 100,
  heapMiB: 20,
  descriptors: { socket: 20, file: 10 },
  active: { Timeout: 5, TCPSocketWrap: 4 },
};
const STORY: MemberStory = { member: 'a', start: HOLDING, warm: HOLDING, late: HOLDING, end: HOLDING };

test('15 % more is borne, more is not', () => {
  expect(complaintsOf({ ...STORY, late: { ...HOLDING, rssMiB: 114.9, heapMiB: 22.9 } })).toEqual([]);
  expect(complaintsOf({ ...STORY, late: { ...HOLDING, rssMiB: 116 } })).toEqual([
    'a: resident memory 100.0 → 116.0 MiB (+16.0 %)',
  ]);
  expect(complaintsOf({ ...STORY, late: { ...HOLDING, heapMiB: 24 } })).toHaveLength(1);
});

test('descriptors and timers are compared with the beginning', () => {
  expect(complaintsOf({ ...STORY, end: { ...HOLDING, descriptors: { socket: 40, file: 10 } } })[0]).toMatch(
    /^a: 20 desc/,
  );
  expect(complaintsOf({ ...STORY, end: { ...HOLDING, active: { Timeout: 50 } } })[0]).toMatch(/^a: 45 timers more/);
  expect(complaintsOf({ ...STORY, late: { ...HOLDING, descriptors: { socket: 90 } } })).toEqual([]);
});
