import { describe, expect, test } from 'vitest';
import { checkName } from '../../../src/agent/name-check.ts';
import { Refusal } from '../../../src/agent/refusal.ts';
import { FakeClock, FakeLog, FakeStore } from '../../support/runtime-ports.ts';

const prefix = '/service/demo/';

async function startAs(name: string, present: readonly string[]): Promise<unknown> {
  const store = new FakeStore(new FakeClock());
  for (const member of present) store.write(`${prefix}members/${member}`, '{}');
  const check = {
    store,
    log: new FakeLog(),
    storePrefix: prefix,
    name,
    isOver: () => false,
    sleep: () => Promise.resolve(),
  };
  return checkName(check).catch((error: unknown) => error);
}

describe('the name of a new member', () => {
  test.each(['Node-1', 'node_1', 'node.1'])('%s is refused beside node-1: they would share a slot', async (name) => {
    const refusal = await startAs(name, ['other', 'node-1']);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(String(refusal)).toContain('node-1');
  });

  test('its own key of an earlier life and names that differ are no obstacle', async () => {
    expect(await startAs('node-1', ['node-1', 'node-2', 'node-10'])).toBeUndefined();
  });
});
