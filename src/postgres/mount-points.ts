import { readFile } from 'node:fs/promises';

/** Every mount point that this process sees, bind mounts of a file system onto itself too, which no device number shows. */
export async function mountPoints(): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return mountPointsFromText(text);
}

/** The fifth field of each line of /proc/self/mountinfo, where blanks are written in octal. */
export function mountPointsFromText(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((path) => path !== undefined)
    .map((path) => path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8))));
}

/** What keeps a directory from being renamed with all that is in it: it is a mount point, or one lies below it. */
export function mountInTheWay(mounts: readonly string[], path: string): string | undefined {
  return mounts.find((mount) => mount === path || mount.startsWith(`${path}/`));
}
