// The live view in a terminal: draws the screen a few times a second and reads keys. No mouse, no themes.
import type { ReadStream, WriteStream } from 'node:tty';
import colours from 'picocolors';
import type { Picture, ShownEvent } from './picture.ts';
import { plainEventText } from './plain-view.ts';
import type { Action } from './script.ts';
import { renderScreen } from './screen.ts';
import type { View } from './view.ts';

export interface LiveViewOptions {
  readonly output: WriteStream;
  /** undefined: nobody can press keys. */
  readonly input: ReadStream | undefined;
  readonly onAction: (action: Action) => void;
  readonly onInterrupt: () => void;
}

const DRAW_EVERY_MS = 200;
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;
const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';
const CTRL_C = '\u0003';

const KEYS: Readonly<Record<string, Action>> = {
  l: { kind: 'kill-leader' },
  p: { kind: 'kill-postgres' },
  a: { kind: 'kill-agent' },
  f: { kind: 'freeze-leader' },
  s: { kind: 'switchover' },
  r: { kind: 'restore' },
  q: { kind: 'quit' },
};

const KEY_TEXTS = Object.entries(KEYS).map(([key, { kind }]) => `[${key}] ${kind}`);

export class LiveView implements View {
  readonly #options: LiveViewOptions;
  #timer: NodeJS.Timeout | undefined;
  #picture: (() => Picture) | undefined;

  constructor(options: LiveViewOptions) {
    this.#options = options;
  }

  begin(picture: () => Picture): void {
    const { output, input } = this.#options;
    this.#picture = picture;
    output.write(ENTER);
    // However the process ends, the terminal is left as it was.
    process.once('exit', this.#leave);
    this.#timer = setInterval(() => this.#draw(), DRAW_EVERY_MS);
    input?.setRawMode(true);
    input?.on('data', this.#onKeys);
    input?.resume();
  }

  event(event: ShownEvent): void {
    if (this.#timer === undefined) this.#options.output.write(`${plainEventText(event)}\n`);
    else this.#draw();
  }

  end(): void {
    process.off('exit', this.#leave);
    this.#leave();
    // The last picture stays where the ordinary screen comes back.
    if (this.#picture !== undefined) this.#options.output.write(`${this.#lines([]).join('\n')}\n\n`);
  }

  readonly #leave = (): void => {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const { output, input } = this.#options;
    input?.off('data', this.#onKeys);
    input?.setRawMode(false);
    input?.pause();
    output.write(LEAVE);
  };

  readonly #onKeys = (data: Buffer): void => {
    for (const key of data.toString('utf8')) {
      if (key === CTRL_C) this.#options.onInterrupt();
      const action = KEYS[key.toLowerCase()];
      if (action !== undefined) this.#options.onAction(action);
    }
  };

  #draw(): void {
    const { output, input } = this.#options;
    const lines = this.#lines(input === undefined ? [] : KEY_TEXTS);
    output.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`);
  }

  #lines(keys: readonly string[]): readonly string[] {
    if (this.#picture === undefined) return [];
    // A terminal that nobody gave a size says 0.
    const columns = this.#options.output.columns || COLUMNS_DEFAULT;
    const rows = this.#options.output.rows || ROWS_DEFAULT;
    return renderScreen(this.#picture(), { columns, rows, palette: colours, keys }).slice(0, rows);
  }
}
