// The device's adapter on a file that stands in for one: there is no /dev/watchdog where these tests run, so what the kernel
// would be told by ioctl is told to a recorder instead.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DeviceWatchdog, type WatchdogDevice } from '../../../src/agent/watchdog/device-watchdog.ts';
import { loadIoctl, type WatchdogIoctl } from '../../../src/agent/watchdog/native-ioctl.ts';

let dir: string;
let wanted: WatchdogDevice;
let ioctl: WatchdogIoctl | string;
let notes: string[];
let watchdog: DeviceWatchdog;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kornak-watchdog-'));
  wanted = { device: join(dir, 'device'), driver: 'testing' };
  await writeFile(wanted.device, '');
  ioctl = { canDisarm: () => true, setTimeout: (_fd, timeoutS) => timeoutS };
  notes = [];
  watchdog = new DeviceWatchdog({
    wanted: () => wanted,
    ioctl: () => Promise.resolve(ioctl),
    note: (text) => notes.push(text),
  });
});

afterEach(async () => {
  watchdog.disarm();
  await rm(dir, { recursive: true, force: true });
});

const written = (): Promise<string> => readFile(wanted.device, 'utf8');

test('the stand-in is told the timeout, each keepalive, and the end', async () => {
  expect(watchdog.state()).toEqual({ kind: 'idle' });
  expect(await watchdog.arm(16)).toEqual({ kind: 'armed', timeoutS: 16 });
  expect(watchdog.keepAlive()).toBeUndefined();
  expect(await watchdog.arm(15)).toEqual({ kind: 'armed', timeoutS: 15 });
  expect(watchdog.disarm()).toEqual({ kind: 'idle' });
  expect(await written()).toBe('Ctimeout=16\n11Ctimeout=15\n1V');
});

test('a pipe that nobody reads is no device, and does not hold up the agent', async () => {
  wanted = { device: join(dir, 'pipe'), driver: 'default' };
  execFileSync('mkfifo', [wanted.device]);
  expect(await watchdog.arm(16)).toEqual({ kind: 'unusable', why: `${wanted.device} cannot be opened: ENXIO` });
});

test('one that cannot be opened is unusable, and says why', async () => {
  wanted = { device: join(dir, 'none'), driver: 'testing' };
  expect(watchdog.state()).toMatchObject({ kind: 'unusable' });
  expect(await watchdog.arm(16)).toEqual({ kind: 'unusable', why: `${join(dir, 'none')} cannot be opened: ENOENT` });
});

test('without ioctl a device is unusable, and the reason is told once', async () => {
  wanted = { ...wanted, driver: 'default' };
  ioctl = 'the optional package koffi cannot be used';
  expect(await watchdog.arm(4)).toEqual({ kind: 'unusable', why: ioctl });
  await watchdog.arm(4);
  expect(notes).toEqual([`the watchdog cannot be used: ${ioctl}`]);
});

test('a device that makes more of the timeout is put away again', async () => {
  wanted = { ...wanted, driver: 'default' };
  ioctl = { canDisarm: () => true, setTimeout: () => 60 };
  expect(await watchdog.arm(4)).toMatchObject({ kind: 'unusable' });
  expect(await written()).toBe('V');
});

test('a device that makes less of it is used as it is', async () => {
  wanted = { ...wanted, driver: 'default' };
  ioctl = { canDisarm: () => true, setTimeout: () => 3 };
  expect(await watchdog.arm(4)).toEqual({ kind: 'armed', timeoutS: 3 });
});

test('one that cannot be disarmed gets a last keepalive, and that is told', async () => {
  wanted = { ...wanted, driver: 'default' };
  ioctl = { canDisarm: () => false, setTimeout: (_fd, timeoutS) => timeoutS };
  await watchdog.arm(4);
  watchdog.disarm();
  expect(await written()).toBe('11');
  expect(notes.at(-1)).toMatch(/will reset the machine/);
});

test('another device in the configuration is opened in its place', async () => {
  await watchdog.arm(4);
  const first = wanted.device;
  wanted = { device: join(dir, 'other'), driver: 'testing' };
  await writeFile(wanted.device, '');
  expect(watchdog.state()).toEqual({ kind: 'idle' });
  expect(await watchdog.arm(4)).toEqual({ kind: 'armed', timeoutS: 4 });
  expect(await readFile(first, 'utf8')).toMatch(/V$/);
  expect(await written()).toBe('Ctimeout=4\n1');
});

test('the C library is reached where koffi is installed: a file is no watchdog, and says so', async () => {
  const native = await loadIoctl();
  if (typeof native === 'string') throw new Error(native);
  wanted = { ...wanted, driver: 'default' };
  ioctl = native;
  expect(await watchdog.arm(4)).toMatchObject({ kind: 'unusable' });
});
