import { STATUS_CODES } from 'node:http';
import { spacedJson } from '../core/layout/compact-json.ts';

/** Where the lines of a stream go. */
export interface LineSink {
  /** May drop it, where the other side does not take what it was sent. */
  write(line: string): void;
  end(): void;
}

/** What goes back to a client. `body` undefined: only the status line counts. */
export interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly body?: string;
  /** Begins to write lines and returns how to stop that, or what to answer instead. `body` is not sent then. */
  readonly stream?: (lines: LineSink) => (() => void) | Answer;
  readonly headers?: Readonly<Record<string, string>>;
}

export function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: spacedJson(value) };
}

/** Plain text under the type that clients of the contract know. */
export function text(status: number, body: string): Answer {
  return { status, contentType: 'text/html', body };
}

export function bare(isGood: boolean): Answer {
  return { status: isGood ? 200 : 503 };
}

/** For requests that no handler answers, or whose key in the store is missing. Clients look at the explanation. */
export function page(status: number, explanation: string): Answer {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const body = [
    '<!DOCTYPE html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>`,
    `<body><h1>${title}</h1>`,
    `<p>Error code: ${status}</p>`,
    `<p>Error code explanation: ${escaped(explanation)}.</p>`,
    '</body></html>',
    '',
  ].join('\n');
  return { status, contentType: 'text/html;charset=utf-8', body };
}

function escaped(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
