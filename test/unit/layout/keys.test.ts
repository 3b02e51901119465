import { expect, test } from 'vitest';
import { keysBelow, keysFor, nameBelow } from '../../../src/core/layout/keys.ts';
import { slotNameOf } from '../../../src/core/layout/slot-name.ts';

test.each([
  { namespace: 'service', scope: 'batman', prefix: '/service/batman/' },
  { namespace: '/service/', scope: 'batman', prefix: '/service/batman/' },
  { namespace: '//a/b//', scope: 'c', prefix: '/a/b/c/' },
  { namespace: '', scope: 'c', prefix: '/c/' },
])('the prefix of $scope in "$namespace" is $prefix', ({ namespace, scope, prefix }) => {
  expect(keysFor(namespace, scope).prefix).toBe(prefix);
});

test('keys are where the contract has them', () => {
  const keys = keysFor('service', 'batman');
  expect(keys.leader).toBe('/service/batman/leader');
  expect(keys.member('a')).toBe('/service/batman/members/a');
  expect(keys.pledge('a')).toBe('/service/batman/kornak/pledge/a');
  expect(keys.last).toBe('/service/batman/kornak/last');
  expect(keys.reign).toBe('/service/batman/kornak/reign');
  expect(keys.optime).toBe('/service/batman/optime/leader');
  expect(JSON.stringify(keysBelow('/service/batman/'))).toBe(JSON.stringify(keys));
});

test.each([
  { key: '/s/members/a', name: 'a' },
  { key: '/s/members/', name: undefined },
  { key: '/s/members/a/b', name: undefined },
  { key: '/s/member', name: undefined },
])('$key names the member $name', ({ key, name }) => {
  expect(nameBelow('/s/members/', key)).toBe(name);
});

test.each([
  { member: 'postgresql0', slot: 'postgresql0' },
  { member: 'Node-1.example', slot: 'node_1_example' },
  { member: 'a b', slot: 'au0032b' },
  { member: 'узел', slot: 'u1091u1079u1077u1083' },
  { member: '😀', slot: 'u128512' },
  { member: 'x'.repeat(70), slot: 'x'.repeat(63) },
])('the slot of $member is $slot', ({ member, slot }) => {
  expect(slotNameOf(member)).toBe(slot);
});
