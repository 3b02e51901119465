import type { ChildProcess } from 'node:child_process';

/**
 * What `start` started, or why the system could not even try: no memory, no descriptors for the pipes, arguments too long. Node
 * throws some of that and leaves the child without its pipes for the rest; a program that is not there is told by `error`.
 */
export function spawned<C extends ChildProcess>(start: () => C): C | string {
  try {
    const child = start();
    const { stdio }: { readonly stdio?: unknown } = child;
    if (stdio !== undefined) return child;
    child.on('error', () => {}); // The same, a moment later.
    return 'too many open files';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
