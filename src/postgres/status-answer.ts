import { z } from 'zod';
import type { Slot } from '../core/model/local-postgres.ts';
import { lsnFromText } from '../core/model/lsn.ts';

const optionalLsn = z
  .string()
  .nullable()
  .transform((text) => (text === null ? undefined : lsnFromText(text)));

/** Of 32 bits; JSON has it as text. */
const optionalXid = z
  .union([z.string().regex(/^\d{1,10}$/), z.number()])
  .nullish()
  .transform((xid) => (xid === null || xid === undefined ? undefined : Number(xid)));

const optionalText = z
  .string()
  .nullable()
  .transform((text) => text ?? undefined);

/** A walsender's process, and what it tells. */
const sender = z
  .object({
    pid: z.number(),
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
  })
  .transform(({ pid, ...row }) => ({ pid, row }));

const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? undefined);

/** A row of pg_replication_slots; what an older version does not have is absent. */
const slot = z
  .object({
    slot_name: z.string(),
    slot_type: z.enum(['physical', 'logical']),
    active: z.boolean(),
    plugin: optionalText,
    database: optionalText,
    restart_lsn: optionalLsn,
    confirmed_flush_lsn: optionalLsn,
    xmin: z.unknown(),
    catalog_xmin: optionalXid,
    wal_status: z.string().nullish(),
    conflicting: flag,
    invalidation_reason: z.string().nullish(),
    failover: flag,
    synced: flag,
  })
  .transform((row): Slot => {
    const isGone = row.wal_status === 'lost' || row.conflicting === true || typeof row.invalidation_reason === 'string';
    return {
      name: row.slot_name,
      kind: row.slot_type,
      active: row.active,
      restartLsn: row.restart_lsn,
      plugin: row.plugin,
      database: row.database,
      confirmedFlushLsn: row.confirmed_flush_lsn,
      hasXmin: isSet(row.xmin) || row.catalog_xmin !== undefined,
      isLost: isGone,
      ...(row.catalog_xmin === undefined ? {} : { catalogXmin: row.catalog_xmin }),
      ...(row.failover === undefined ? {} : { isFailover: row.failover }),
      ...(row.synced === undefined ? {} : { isSynced: row.synced }),
    };
  });

function isSet(xid: unknown): boolean {
  return xid !== null && xid !== undefined;
}

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
  lastMessageAgeMs: z
    .number()
    .nullish()
    .transform((ageMs) => ageMs ?? undefined),
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
  restoreCommand: optionalText,
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
export type SenderRow = StatusAnswer['senders'][number];
export type Activity = StatusAnswer['activity'][number];

export function statusAnswerFromText(text: string): StatusAnswer {
  return statusAnswer.parse(JSON.parse(text));
}

export function activityOf(answer: StatusAnswer, kind: 'checkpointer' | 'startup'): Activity | undefined {
  return answer.activity.find((found) => found.kind === kind);
}
