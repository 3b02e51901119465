// What agent and guard say to each other: one JSON object a line, each request answered by a reply of the same id.
// The types mirror ports/guard.ts; the guard imports nothing of ours, so that no other change can touch it.

export interface WatchedPostmaster {
  readonly pid: number;
  readonly startTicks: number;
}

export interface Order {
  readonly postmaster: WatchedPostmaster | undefined;
  readonly reign: number;
  readonly leaseId: string;
  readonly deadlineMs: number;
}

export type WatchState =
  | { readonly kind: 'armed'; readonly order: Order }
  | { readonly kind: 'disarmed' }
  | { readonly kind: 'fired'; readonly reign: number; readonly left: number };

export type Request = { readonly id: number } & (
  { readonly op: 'arm'; readonly order: Order } | { readonly op: 'disarm' | 'state' }
);

/** `refused`: why the request changed nothing; the state is told all the same. */
export interface Reply {
  readonly id: number;
  readonly dataDir: string;
  readonly state: WatchState;
  readonly refused?: string;
}

/** Longest line either side accepts. */
export const lineBytesMax = 4096;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function parse(line: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function orderFrom(value: unknown): Order | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined) return undefined;
  const { reign, leaseId, deadlineMs, postmaster } = fields;
  if (!isWhole(reign) || typeof leaseId !== 'string') return undefined;
  if (typeof deadlineMs !== 'number' || !Number.isFinite(deadlineMs)) return undefined;
  if (postmaster === undefined || postmaster === null) return { postmaster: undefined, reign, leaseId, deadlineMs };
  const { pid, startTicks } = fieldsOf(postmaster) ?? {};
  // Pid 0 and 1 name process groups and init: never a postmaster.
  if (!isWhole(pid) || pid < 2 || !isWhole(startTicks)) return undefined;
  return { postmaster: { pid, startTicks }, reign, leaseId, deadlineMs };
}

export function requestFrom(line: string): Request | undefined {
  const fields = parse(line);
  if (fields === undefined || !isWhole(fields['id'])) return undefined;
  const { id, op } = fields;
  if (op === 'disarm' || op === 'state') return { id, op };
  const order = op === 'arm' ? orderFrom(fields['order']) : undefined;
  return order === undefined ? undefined : { id, op: 'arm', order };
}

function stateFrom(value: unknown): WatchState | undefined {
  const fields = fieldsOf(value);
  if (fields?.['kind'] === 'disarmed') return { kind: 'disarmed' };
  if (fields?.['kind'] === 'fired' && isWhole(fields['reign']) && isWhole(fields['left'])) {
    return { kind: 'fired', reign: fields['reign'], left: fields['left'] };
  }
  const order = fields?.['kind'] === 'armed' ? orderFrom(fields['order']) : undefined;
  return order === undefined ? undefined : { kind: 'armed', order };
}

export function replyFrom(line: string): Reply | undefined {
  const fields = parse(line);
  const state = stateFrom(fields?.['state']);
  if (fields === undefined || state === undefined || !isWhole(fields['id'])) return undefined;
  const { id, dataDir, refused } = fields;
  if (typeof dataDir !== 'string') return undefined;
  return { id, dataDir, state, ...(typeof refused === 'string' && { refused }) };
}
