// The REST listener. It never talks to the store or to PostgreSQL: it answers from the last snapshot and hands requests in.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Redacted } from '../core/model/redacted.ts';
import type { Desk } from '../ports/desk.ts';
import type { Log } from '../ports/log.ts';
import type { BasicAuthentication } from './access.ts';
import { type Answer, text } from './answer.ts';
import { LineStreams } from './line-stream.ts';
import { respond, type Responder } from './respond.ts';

export interface ApiTls {
  readonly certFile: string;
  /** undefined: the key is in the certificate's file. */
  readonly keyFile: string | undefined;
  readonly keyPassword: Redacted<string> | undefined;
}

export interface ApiOptions {
  /** Host '' or '*': every address of the machine. Port 0: any that is free. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly authentication?: BasicAuthentication | undefined;
  readonly tls?: ApiTls | undefined;
  readonly scope: string;
  readonly name: string;
  readonly log: Log;
}

export interface ApiServer {
  /** Rejects with the error of the system where the address cannot be listened on or the certificate cannot be read. */
  start(): Promise<void>;
  /** Ends all connections. */
  close(): Promise<void>;
  /** Where it listens; undefined while it does not. */
  address(): { readonly host: string; readonly port: number } | undefined;
}

const CONNECTIONS_MAX = 200;
/** For a request to arrive, and for its answer to be taken. */
const TRANSFER_MS = 10_000;
const IDLE_MS = 5_000;
const TCP_KEEPALIVE_MS = 3_000;
const HEADER_BYTES_MAX = 16 * 1024;

export function createApiServer(desk: Desk, options: ApiOptions): ApiServer {
  let server: Server | undefined;
  return {
    async start() {
      const responder: Responder = {
        desk,
        scope: options.scope,
        name: options.name,
        authentication: options.authentication,
        startedMs: desk.nowMs(),
      };
      const streams = new LineStreams();
      server = listener(options, (request, response) => {
        serve(request, response, responder, { log: options.log, streams }).catch((error: unknown) => {
          options.log.log('ERROR', 'API answer failed', { method: request.method, why: String(error) });
          response.destroy();
        });
      });
      await listening(server, options.listen);
    },
    async close() {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      await new Promise<void>((resolve) => {
        closing.close(() => {
          resolve();
        });
        closing.closeAllConnections();
      });
    },
    address() {
      const bound = server?.address();
      return isAddress(bound) ? { host: bound.address, port: bound.port } : undefined;
    },
  };
}

function isAddress(bound: AddressInfo | string | null | undefined): bound is AddressInfo {
  return typeof bound === 'object' && bound !== null;
}

function listener(options: ApiOptions, serveOne: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const limits = {
    headersTimeout: TRANSFER_MS,
    requestTimeout: TRANSFER_MS,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const server =
    options.tls === undefined
      ? createServer(limits, serveOne)
      : createTlsServer({ ...limits, ...tlsMaterial(options.tls) }, serveOne);
  server.maxConnections = CONNECTIONS_MAX;
  server.on('error', (error) => {
    options.log.log('ERROR', 'the API listener failed', { why: error.message });
  });
  server.on('connection', (socket: Socket) => {
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
  });
  return server;
}

function tlsMaterial({ certFile, keyFile, keyPassword }: ApiTls): { cert: Buffer; key: Buffer; passphrase?: string } {
  const passphrase = keyPassword?.reveal();
  return {
    cert: readFileSync(certFile),
    key: readFileSync(keyFile ?? certFile),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

function listening(server: Server, { host, port }: ApiOptions['listen']): Promise<void> {
  const isAny = host === '' || host === '*';
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(isAny ? { port } : { host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  responder: Responder,
  { log, streams }: { readonly log: Log; readonly streams: LineStreams },
): Promise<void> {
  const startedMs = performance.now();
  const found = await answered(request, responder, log);
  const answer = found.stream === undefined ? found : streams.begin(response, found);
  if (answer === undefined) return;
  send(request, response, answer);
  const tookMs = Math.round(performance.now() - startedMs);
  log.log('DEBUG', 'API request', { method: request.method, target: request.url, status: answer.status, tookMs });
}

/** A handler that fails must not take the agent with it. */
async function answered(request: IncomingMessage, responder: Responder, log: Log): Promise<Answer> {
  try {
    return await respond(request, responder);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.log('ERROR', 'API request failed', { method: request.method, target: request.url, why });
    return text(500, 'the request failed; the log of the agent has the reason');
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body, headers }: Answer,
): void {
  const bytes = Buffer.from(body ?? '', 'utf8');
  // What of the request was not read would be taken for the next one.
  if (!request.complete) response.setHeader('Connection', 'close');
  // Who does not take the answer is cut off; Node sets the time for an idle connection once it is taken.
  response.socket?.setTimeout(TRANSFER_MS);
  response.writeHead(status, {
    ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
    'Content-Length': bytes.length,
    ...headers,
  });
  response.end(bytes);
}
