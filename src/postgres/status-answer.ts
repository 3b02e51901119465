import { z } from 'zod';
import { lsnFromText } from '../core/model/lsn.ts';

const optionalLsn = z
  .string()
  .nullable()
  .transform((text) => (text === null ? undefined : lsnFromText(text)));

const optionalText = z
  .string()
  .nullable()
  .transform((text) => text ?? undefined);

const sender = z.object({
  name: z.string(),
  user: z
    .string()
    .nullable()
    .transform((user) => user ?? ''),
  clientAddress: z.string().nullable(),
  state: z
    .string()
    .nullable()
    .transform((state) => state ?? ''),
  syncState: z
    .string()
    .nullable()
    .transform((state) => state ?? ''),
  syncPriority: z
    .number()
    .nullable()
    .transform((priority) => priority ?? 0),
  writeLsn: optionalLsn,
  flushLsn: optionalLsn,
  replayLsn: optionalLsn,
  slot: optionalText,
});

const slot = z.object({
  name: z.string(),
  kind: z.enum(['physical', 'logical']),
  active: z.boolean(),
  restartLsn: optionalLsn,
});

const receiver = z.object({
  status: z
    .string()
    .nullable()
    .transform((status) => status ?? ''),
  host: z.string().nullable(),
  port: z.number().nullable(),
  slot: z
    .string()
    .nullable()
    .transform((name) => (name === null || name === '' ? undefined : name)),
  timeline: z
    .number()
    .nullable()
    .transform((timeline) => timeline ?? 0),
  latestEndLsn: optionalLsn,
});

const statusAnswer = z.object({
  standby: z.boolean(),
  version: z.number(),
  startedAt: z.string(),
  loadedAt: z.string(),
  syncNames: z.string(),
  syncCommit: z.string(),
  segmentBytes: z.number(),
  conninfo: z
    .string()
    .nullable()
    .transform((text) => text ?? ''),
  walFile: optionalText,
  flushLsn: optionalLsn,
  receivedLsn: optionalLsn,
  replayedLsn: optionalLsn,
  replayedAt: z.string().nullable(),
  isPaused: z.boolean().nullable(),
  receiver: receiver.nullable(),
  senders: z.array(sender),
  slots: z.array(slot),
  activity: z.array(z.object({ kind: z.string(), pid: z.number(), waitsFor: optionalText })),
});

/** What the server answered to STATUS_QUERY. */
export type StatusAnswer = z.output<typeof statusAnswer>;
export type Activity = StatusAnswer['activity'][number];

export function statusAnswerFromText(text: string): StatusAnswer {
  return statusAnswer.parse(JSON.parse(text));
}

export function activityOf(answer: StatusAnswer, kind: 'checkpointer' | 'startup'): Activity | undefined {
  return answer.activity.find((found) => found.kind === kind);
}
