import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatFinding } from '../../../src/config/finding.ts';
import { load } from '../../../src/config/load.ts';

const FILE = new URL('../../fixtures/guide/patroni.yml', import.meta.url).pathname;

test('the fixture is the guide’s file, byte for byte', () => {
  const digest = createHash('sha256').update(readFileSync(FILE)).digest('hex');
  expect(digest).toBe('f60b7ef96d4633450b39f30ba4e4eed597cd2b4450f52bff3fedec4fcf978f5d');
});

test('it is accepted, and means what its author meant', async () => {
  const { config } = await load([FILE], {});
  expect(config).toMatchObject({
    scope: 'saleor-cluster',
    name: 'patroni-1',
    storePrefix: '/saleor/saleor-cluster/',
    restapi: { apiUrl: 'http://10.20.0.10:8008/patroni', listen: { host: '0.0.0.0', port: 8008 } },
    etcd: { endpoints: ['http://10.20.0.10:2379'] },
    postgresql: {
      connUrl: 'postgres://10.20.0.10:5432/postgres',
      dataDir: '/var/lib/postgresql/15/main',
      pgHba: ['host all all 0.0.0.0/0 md5', 'host replication replicator 10.20.0.0/24 md5'],
      usePgRewind: true,
      recoveryConf: { restore_command: 'cp /var/lib/postgresql/15/archive/%f %p' },
    },
    bootstrap: undefined,
  });
  expect(config?.postgresql.replication.password?.reveal()).toBe('replicator_password');
});

test('what does not do what was meant is named once, with its line and the form that would', async () => {
  const { findings } = await load([FILE], {});
  const seen = findings.map(({ path, location, severity, remedy }) => {
    const line = location?.kind === 'file' ? location.line : undefined;
    return { path, line, severity, hasRemedy: remedy !== undefined };
  });
  const warning = (path: string, line: number | undefined) => ({ path, line, severity: 'warning', hasRemedy: true });
  expect(seen).toEqual([
    warning('postgresql.pg_hba.conf', 35),
    warning('postgresql.parameters.max_connections', 27),
    warning('postgresql.parameters.wal_level', 30),
    warning('postgresql.parameters.hot_standby', 31),
    warning('postgresql.parameters.max_wal_senders', 32),
    warning('postgresql.parameters.max_replication_slots', 33),
    warning('postgresql.recovery_conf', 39),
    warning('postgresql.use_pg_rewind', 42),
    warning('bootstrap', undefined),
    warning('synchronous_mode', undefined),
  ]);
});

test('the words name the command, the request and the bound', async () => {
  const { findings } = await load([FILE], {});
  const text = findings.map(formatFinding).join('\n');
  expect(text).toContain('kornakctl -c FILE bootstrap saleor-cluster');
  expect(text).toContain(`curl -X PATCH -d '{"synchronous_mode":true}' http://10.20.0.10:8008/config`);
  expect(text).toContain('must be a whole number, at least 4');
  expect(text).not.toMatch(/replicator_password|postgres_password/);
});
