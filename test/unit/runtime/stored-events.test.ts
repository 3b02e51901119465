import { expect, test } from 'vitest';
import { StoredEvents } from '../../../src/runtime/stored-events.ts';

test.each([
  ['with more behind', '[{"a":1},"é"]', '[{"a":1},"é",{"b":[2,3]}]'],
  ['without its oldest', '[{"a":1},{"a":2},{"a":3}]', '[{"a":2},{"a":3},{"a":4},{"a":5}]'],
  ['that begins with one that stands there twice', '[1,2,1,3]', '[1,3,4]'],
  ['in which one in the middle is gone', '[{"a":1},{"a":2},{"a":3}]', '[{"a":1},{"a":3},{"a":4}]'],
  ['in which one begins like the last', '[12,"x"]', '[123,"x",4]'],
  ['cut short', '[{"a":1},{"a":2}]', '[{"a":1}]'],
  ['as it was', '[{"a":1},{"a":2}]', '[{"a":1},{"a":2}]'],
  ['of somebody who sets blanks', '[{"a":1}]', '[{"a":1}, {"a": 2} ]'],
  ['that became empty', '[{"a":1}]', '[]'],
  ['that became nonsense', '[{"a":1}]', '[{"a":1},{"a":]'],
  ['that goes on with nonsense', '[{"a":1}]', '[{"a":1},2]3]'],
])('a value %s is read as one never seen before', (_, first, second) => {
  const events = new StoredEvents();
  events.read(first);
  expect(events.read(second)).toEqual(new StoredEvents().read(second));
});

test('events are told as compact ASCII', () => {
  const events = new StoredEvents();
  expect(events.read('[ {"a": "é"}, 1 ]')).toEqual([String.raw`{"a":"\u00e9"}`, '1']);
  expect(events.read('x')).toEqual([]);
});
