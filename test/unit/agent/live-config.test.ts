import { expect, test } from 'vitest';
import { LiveConfig } from '../../../src/agent/live-config.ts';
import { decodeOver } from '../config/written-config.ts';

function configOf(text: string) {
  const { config } = decodeOver(text);
  if (config === undefined) throw new Error('the configuration is refused');
  return config;
}

test('a reload changes what the agent says it is, and counts', () => {
  const live = new LiveConfig(configOf('tags: {}'));
  const self = live.self();
  expect([self.localRevision, self.tags]).toEqual([0, {}]);
  const restart = live.replace(configOf('{tags: {nofailover: true}, postgresql: {parameters: {work_mem: 8MB}}}'));
  expect(restart).toEqual([]);
  expect([self.localRevision, self.tags]).toEqual([1, { nofailover: true }]);
  expect(live.now.postgresql.parameters).toEqual({ work_mem: '8MB' });
});

test('what only a restart brings into force is named, and stays as it was', () => {
  const live = new LiveConfig(configOf('tags: {}'));
  expect(live.replace(configOf('name: other'))).toContain('name');
  expect(live.self().name).toBe('robin');
});
