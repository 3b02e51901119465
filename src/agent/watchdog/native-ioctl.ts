// The only place that calls into the C library: Node.js has no ioctl. Everything else works without it.
import type { LibraryHandle } from 'koffi';

export interface WatchdogIoctl {
  /** The device can be closed without resetting the machine (the "magic close"). */
  canDisarm(fd: number): boolean;
  /** Sets the timeout in seconds, and tells what the device has made of it; undefined: it refused. */
  setTimeout(fd: number, timeoutS: number): number | undefined;
}

/** linux/watchdog.h. Most processors number ioctls alike; those that do not are not served. */
const GET_SUPPORT = 0x80285700;
const SET_TIMEOUT = 0xc0045706;
const GET_TIMEOUT = 0x80045707;
const MAGIC_CLOSE = 0x0100;
const INFO_BYTES = 40;
const ARCHITECTURES: readonly string[] = ['x64', 'ia32', 'arm64', 'arm', 'riscv64', 'loong64', 's390x'];

type Call = (fd: number, request: number, argument: Buffer) => number;

/** Why there is no ioctl here is the other answer. */
export async function loadIoctl(): Promise<WatchdogIoctl | string> {
  if (process.platform !== 'linux') return 'watchdog devices are supported on Linux only';
  if (!ARCHITECTURES.includes(process.arch)) return `watchdog devices are not supported on ${process.arch}`;
  try {
    const { default: koffi } = await import('koffi');
    const library: LibraryHandle = koffi.load(null);
    return ioctlBy(library.func('int ioctl(int fd, unsigned long request, void *argument)') as Call);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return `the optional package koffi, which speaks to watchdog devices, cannot be used: ${why}`;
  }
}

function ioctlBy(call: Call): WatchdogIoctl {
  return {
    canDisarm(fd) {
      const info = Buffer.alloc(INFO_BYTES);
      return call(fd, GET_SUPPORT, info) === 0 && (info.readUInt32LE(0) & MAGIC_CLOSE) !== 0;
    },
    setTimeout(fd, timeoutS) {
      const value = Buffer.alloc(4);
      value.writeInt32LE(timeoutS);
      if (call(fd, SET_TIMEOUT, value) !== 0) return undefined;
      return call(fd, GET_TIMEOUT, value) === 0 ? value.readInt32LE(0) : undefined;
    },
  };
}
