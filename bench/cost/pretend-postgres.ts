// A PostgreSQL that is only told of, so that hundreds of real agents fit on one machine: what they write to etcd is the same.
import { NO_HEALTH } from '../../src/core/model/health.ts';
import type { Job, JobOutcome } from '../../src/core/model/job.ts';
import type { DataDirectory, LocalPostgres, Sender, Slot, Upstream } from '../../src/core/model/local-postgres.ts';
import { lsn } from '../../src/core/model/lsn.ts';
import { seen } from '../../src/core/model/seen.ts';
import type { JobControl, Postgres } from '../../src/ports/postgres.ts';
import { idlePostgres } from '../../test/support/idle-ports.ts';

export const PRETEND_SYSTEM_ID = '7711251641445478941';
const END = lsn(100_000_000);
const DONE: JobOutcome = { kind: 'done', facts: {} };
const SERVER = { serverVersion: 150_018, startedAt: '2026-11-23 06:34:44.230980+00:00' } as const;

interface Pretended {
  readonly name: string;
  readonly port: number;
  role: 'primary' | 'standby';
  timeline: number;
  upstream: Upstream | undefined;
  syncNames: string;
  readonly slots: Set<string>;
  changed: (what: string) => void;
}

/** The servers of one cluster, which know whom they stream from. */
export class PretendServers {
  readonly #servers: Pretended[] = [];

  add(name: string, port: number): Postgres {
    const server: Pretended = {
      name,
      port,
      role: 'standby',
      timeline: 1,
      upstream: undefined,
      syncNames: '',
      slots: new Set(),
      changed: () => undefined,
    };
    this.#servers.push(server);
    return idlePostgres({
      observe: () => Promise.resolve(this.#look(server)),
      onChange: (listener) => {
        server.changed = listener;
      },
      run: (job, control) => this.#run(server, job, control),
      applySettings: (settings) => {
        server.syncNames = settings.syncNames ?? '';
        return Promise.resolve(DONE);
      },
      createSlot: (slot) => {
        server.slots.add(slot);
        return Promise.resolve(DONE);
      },
      dropSlot: (slot) => {
        server.slots.delete(slot);
        return Promise.resolve(DONE);
      },
      flushLsn: () => Promise.resolve(END),
      timelineHistory: () =>
        Promise.resolve(
          server.timeline === 1
            ? []
            : [{ timeline: server.timeline - 1, lsn: END, reason: 'no recovery target specified' }],
        ),
    });
  }

  leads(): boolean {
    return this.#servers.some(({ role }) => role === 'primary');
  }

  /** Those that stream from the primary. */
  streaming(): number {
    const primary = this.#servers.find(({ role }) => role === 'primary');
    return primary === undefined ? 0 : this.#followers(primary).length;
  }

  #followers(of: Pretended): readonly Pretended[] {
    return this.#servers.filter(({ role, upstream }) => role === 'standby' && upstream?.port === of.port);
  }

  async #run(server: Pretended, job: Job, control: JobControl): Promise<JobOutcome> {
    if (job.kind === 'promote') {
      if (!(await control.mayPromote())) return { kind: 'failed', why: 'leadership could not be confirmed' };
      server.role = 'primary';
      server.timeline = job.aboveTimeline + 1;
      server.syncNames = job.settings.syncNames ?? '';
      return { kind: 'done', facts: { timeline: server.timeline } };
    }
    if (job.kind === 'follow' || job.kind === 'startStandby') server.upstream = job.follow?.upstream;
    if (job.kind === 'cutOff') server.upstream = undefined;
    const source = this.#servers.find(({ port }) => port === server.upstream?.port);
    if (source !== undefined) server.timeline = source.timeline;
    source?.changed('a standby connected');
    return DONE;
  }

  #look(server: Pretended): LocalPostgres {
    const isStandby = server.role === 'standby';
    return {
      data: dataOf(isStandby, server.timeline),
      postmaster: { pid: server.port, startTicks: 1 },
      starting: false,
      sql: seen(isStandby ? standbyOf(server) : this.#primaryOf(server), performance.now()),
      lastError: undefined,
      loginRefused: undefined,
      health: NO_HEALTH,
      pauseNoted: false,
    };
  }

  #primaryOf(server: Pretended) {
    const followers = this.#followers(server).map(({ name }) => name);
    return {
      kind: 'primary',
      timeline: server.timeline,
      flushLsn: END,
      senders: followers.map(senderOf),
      slots: [...server.slots].map((name) => slotOf(name, followers.includes(name))),
      sync: { names: server.syncNames, synchronousCommit: 'on', checkpointerIdleSinceReload: true },
      ...SERVER,
    } as const;
  }
}

function dataOf(isStandby: boolean, timeline: number): DataDirectory {
  return {
    kind: 'cluster',
    control: {
      state: isStandby ? 'in archive recovery' : 'in production',
      systemId: PRETEND_SYSTEM_ID,
      checkpointLsn: END,
      checkpointTimeline: timeline,
      minRecoveryEndLsn: lsn(0),
      minRecoveryEndTimeline: 0,
      rewindable: true,
    },
    standbySignal: isStandby,
  };
}

function standbyOf({ name, timeline, upstream, slots }: Pretended) {
  const follows = upstream !== undefined;
  return {
    kind: 'standby',
    timeline,
    receivedLsn: END,
    replayedLsn: END,
    replayedAt: null,
    replayPaused: false,
    replayedAll: true,
    receiverRuns: follows,
    receiver: follows ? { status: 'streaming', upstream, slot: name, timeline, latestEndLsn: END } : undefined,
    upstream,
    slots: [...slots].map((slot) => slotOf(slot, false)),
    senders: [],
    ...SERVER,
  } as const;
}

function slotOf(name: string, active: boolean): Slot {
  return { name, kind: 'physical', active, restartLsn: END };
}

function senderOf(name: string): Sender {
  return {
    name,
    user: 'replicator',
    clientAddress: '127.0.0.1',
    state: 'streaming',
    syncState: 'async',
    syncPriority: 0,
    writeLsn: END,
    flushLsn: END,
    replayLsn: END,
    slot: name,
    hasReadSettings: true,
  };
}
