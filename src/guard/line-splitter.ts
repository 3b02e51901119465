import { lineBytesMax } from './protocol.ts';

/** Cuts a stream of bytes into lines and holds at most one unfinished line. */
export class LineSplitter {
  #rest = '';

  /** The lines completed by `chunk`; undefined: a line is longer than any of ours, so hang up. */
  push(chunk: Buffer): readonly string[] | undefined {
    // latin1 is one character a byte, so a chunk may end inside a character.
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > lineBytesMax || lines.some((line) => line.length > lineBytesMax)) return undefined;
    return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'latin1').toString('utf8'));
  }
}
