// Without a terminal: one line for each thing that happened, and one for each change of the topology or the writer.
import type { MemberPicture } from './cluster-watch.ts';
import type { Picture, ShownEvent } from './picture.ts';
import { seconds, writerText } from './screen.ts';
import type { View } from './view.ts';

const LOOK_EVERY_MS = 250;
/** A sign of life while nothing changes. */
const WRITER_EVERY_MS = 10_000;

export class PlainView implements View {
  readonly #print: (line: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #topology = '';
  #hadOutage = false;
  #writerToldMs = 0;
  #connectionTold = false;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  begin(picture: () => Picture): void {
    this.#timer = setInterval(() => this.#look(picture()), LOOK_EVERY_MS);
  }

  event(event: ShownEvent): void {
    this.#print(plainEventText(event));
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(picture: Picture): void {
    const topology = picture.members.map(memberText).join(' | ');
    const isKnown = picture.members.some(({ role }) => role !== '');
    if (isKnown && topology !== this.#topology) this.#line(picture.sinceStartMs, topology);
    this.#topology = topology;
    this.#tellConnection(picture);
    const { writer, sinceStartMs } = picture;
    const hasOutage = writer.presentOutageMs !== undefined;
    const isDue = writer.acknowledged > 0 && sinceStartMs - this.#writerToldMs >= WRITER_EVERY_MS;
    if (hasOutage === this.#hadOutage && !isDue) return;
    this.#hadOutage = hasOutage;
    this.#writerToldMs = sinceStartMs;
    this.#line(sinceStartMs, `writer: ${writerText(writer)}`);
  }

  #tellConnection({ sinceStartMs, writer, connection }: Picture): void {
    if (this.#connectionTold || writer.acknowledged === 0) return;
    this.#connectionTold = true;
    this.#line(sinceStartMs, `connect with: psql '${connection}'`);
  }

  #line(atMs: number, text: string): void {
    this.#print(timedText(atMs, text));
  }
}

export function plainEventText({ atMs, who, text }: ShownEvent): string {
  return timedText(atMs, `${who}: ${text}`);
}

function timedText(atMs: number, text: string): string {
  return `[${seconds(atMs, 2).padStart(8)}] ${text}`;
}

/** Without the lag, which always changes. */
export function memberText({ name, harm, agentEnded, role, state, timeline, job }: MemberPicture): string {
  if (harm !== 'none') return `${name} ${harm}`;
  if (agentEnded) return `${name} without agent`;
  const words = [name, role, state, timeline === undefined ? '' : `TL ${timeline}`];
  // A percentage changes with every look.
  const work = job === undefined ? '' : `(${job.replace(/:.*/, '')})`;
  return [...words, work].filter((word) => word !== '').join(' ');
}
