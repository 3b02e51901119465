import { expect, test } from 'vitest';
import { decodeFiles } from '../../../src/config/load.ts';
import { readYaml } from '../../../src/config/yaml-file.ts';
import { newPasswords } from '../../../src/demo/demo-record.ts';
import { memberFileText } from '../../../src/demo/member-file.ts';

test('a member’s file says nothing that the agent refuses or does not know', () => {
  const place = { name: 'node-1', ports: { postgres: 25_432, restapi: 28_008 }, dataDir: '/tmp/a "b"/node-1/data' };
  const etcd = [1, 2, 3].map((number) => ({ client: 22_378 + number, peer: 22_478 + number }));
  const text = memberFileText(place, { members: [place.ports], etcd }, newPasswords());
  const { config, findings } = decodeFiles([readYaml(text, 'node-1.yml')], {});
  // That it leads other machines to this one is right: there is only one.
  expect(findings.filter(({ reason }) => !reason.includes('to itself'))).toEqual([]);
  expect(config).toMatchObject({
    scope: 'demo',
    name: 'node-1',
    postgresql: { dataDir: place.dataDir, port: 25_432 },
    bootstrap: { dynamic: { synchronousMode: 'on', usePgRewind: true } },
  });
});
