import { expect, test } from 'vitest';
import { mountInTheWay, mountPointsFromText } from '../../../src/postgres/mount-points.ts';

const TEXT = [
  '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
  String.raw`40 22 8:1 /x /srv/pg\040data rw,relatime shared:1 - ext4 /dev/sda1 rw`,
  '41 22 0:39 / /srv/a/pg_wal rw - tmpfs tmpfs rw',
  '',
].join('\n');

test('mount points, bind mounts and blanks in their names included', () => {
  expect(mountPointsFromText(TEXT)).toEqual(['/', '/srv/pg data', '/srv/a/pg_wal']);
});

test.each([
  ['/srv/pg data', '/srv/pg data'],
  ['/srv/a', '/srv/a/pg_wal'],
  ['/srv/pg', undefined],
  ['/srv/pg data/below', undefined],
])('what is in the way of moving %s', (path, mount) => {
  expect(mountInTheWay(mountPointsFromText(TEXT), path)).toBe(mount);
});
