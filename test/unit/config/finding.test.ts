import { expect, test } from 'vitest';
import { finding, formatFinding } from '../../../src/config/finding.ts';

const at = { kind: 'file', file: 'f.yml', line: 3, column: 5 } as const;

test('one line: path, value, reason, remedy, place', () => {
  const found = finding({
    path: ['a', 'b'],
    value: 'x\ny',
    reason: 'is wrong',
    remedy: 'write z',
    location: at,
    severity: 'error',
  });
  expect(formatFinding(found)).toBe('a.b: x\\ny: is wrong; write z (f.yml line 3 column 5)');
});

const HIDDEN: readonly (readonly [readonly string[], unknown])[] = [
  [['postgresql', 'authentication', 'superuser', 'password'], 'geheim'],
  [['restapi', 'keyfile_password'], 'geheim'],
  [['restapi', 'authentication'], 'geheim'],
  [['postgresql', 'recovery_conf', 'primary_conninfo'], 'password=geheim'],
  [['consul', 'token'], 'geheim'],
  [['zookeeper', 'auth_data', 'x'], 'geheim'],
  [['etcd3', 'url'], 'https://user:geheim@host'],
];

test.each(HIDDEN)('%j does not show its secret', (path, value) => {
  expect(finding({ path, value, reason: '', severity: 'error' }).value).not.toContain('geheim');
});

test('the path of the password file is no secret', () => {
  expect(finding({ path: ['postgresql', 'pgpass'], value: '/p', reason: '', severity: 'error' }).value).toBe('/p');
});
