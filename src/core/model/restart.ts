import type { TagValue } from './cluster.ts';

/** What a restart is asked for with; every condition that is given must hold. */
export interface RestartWish {
  readonly role?: 'primary' | 'standby_leader' | 'replica';
  /** As written, such as 15.4 or 9.6.24: only while the running version is below it. */
  readonly postgresVersion?: string;
  /** Only while parameters wait for a restart. */
  readonly restartPending?: true;
  /** What is not up within this time of its start counts as failed. undefined: `primary_start_timeout`. */
  readonly timeoutMs?: number;
}

export interface ScheduledRestart {
  readonly wish: RestartWish;
  /** ISO 8601 with offset, as asked for, and as milliseconds since 1970. */
  readonly at: string;
  readonly atMs: number;
  /** When the server that it is for was started; one that was started since needs it no more. undefined: not known then. */
  readonly serverStartedAt: string | undefined;
}

/** Parameters that the running server has otherwise than it is to have, as members publish them. */
export type PendingRestart = Readonly<Record<string, { readonly old_value: string; readonly new_value: string }>>;

/** One parameter of the running server that only a restart changes. */
export interface StartupParameter {
  readonly name: string;
  /** As SHOW tells it, in human units. */
  readonly value: string;
  /** The server has read another value from its files; undefined: it has not, or the value is not known ('?'). */
  readonly pending: string | undefined;
}

/** `scheduled_restart` of the member data; without the server's start it is what the REST API shows. */
export function scheduledRestartFields({
  wish,
  at,
  serverStartedAt,
}: ScheduledRestart): Readonly<Record<string, TagValue>> {
  return {
    schedule: at,
    ...(wish.role === undefined ? {} : { role: wish.role }),
    ...(wish.postgresVersion === undefined ? {} : { postgres_version: wish.postgresVersion }),
    ...(wish.restartPending === undefined ? {} : { restart_pending: true }),
    ...(wish.timeoutMs === undefined ? {} : { timeout: Math.round(wish.timeoutMs / 1000) }),
    ...(serverStartedAt === undefined ? {} : { postmaster_start_time: serverStartedAt }),
  };
}
