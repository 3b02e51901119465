import type { ApiCall, ApiReply } from '../../../src/api/client.ts';
import { decodeCluster, type StoredKey } from '../../../src/core/layout/decode-cluster.ts';
import { recordFromJson } from '../../../src/core/layout/fields.ts';
import { keysFor } from '../../../src/core/layout/keys.ts';
import type { FailoverRequest } from '../../../src/core/model/cluster.ts';
import { Aborted } from '../../../src/ctl/refusal.ts';
import type { ClusterReading, Session } from '../../../src/ctl/session.ts';
import type { Terminal } from '../../../src/ctl/terminal.ts';

export class FakeTerminal implements Terminal {
  readonly outLines: string[] = [];
  readonly talkLines: string[] = [];
  readonly questions: string[] = [];
  readonly #answers: string[];
  /** What is read by name; `editor`: what comes back from it. */
  files: Readonly<Record<string, string>> = {};
  editedText: string | undefined;
  cleared = 0;
  /** Ends an endless command. */
  sleepsLeft = 1_000;
  nowMs = new Date(2026, 10, 23, 6, 38, 49, 683).getTime();

  constructor(answers: readonly string[] = []) {
    this.#answers = [...answers];
  }

  get text(): string {
    return this.outLines.join('\n');
  }

  out(line: string): void {
    this.outLines.push(line);
  }

  talk(line: string): void {
    this.talkLines.push(line);
  }

  ask(question: string, fallback: string): Promise<string> {
    return this.#answer(`${question} [${fallback}]: `).then((answer) => (answer === '' ? fallback : answer));
  }

  confirm(question: string): Promise<boolean> {
    return this.#answer(`${question} [y/N]: `).then((answer) => answer === 'y');
  }

  read(file: string): Promise<string> {
    return Promise.resolve(this.files[file] ?? '');
  }

  edit(text: string): Promise<string> {
    this.editedText = text;
    return Promise.resolve(this.files['editor'] ?? text);
  }

  page(diff: string): Promise<void> {
    this.out(diff);
    return Promise.resolve();
  }

  clear(): void {
    this.cleared += 1;
  }

  sleep(ms: number): Promise<void> {
    this.nowMs += ms;
    this.sleepsLeft -= 1;
    return this.sleepsLeft > 0 ? Promise.resolve() : Promise.reject(new Aborted('enough'));
  }

  now(): Date {
    return new Date(this.nowMs);
  }

  #answer(question: string): Promise<string> {
    this.questions.push(question);
    const answer = this.#answers.shift();
    return answer === undefined ? Promise.reject(new Aborted()) : Promise.resolve(answer);
  }
}

export type Clusters = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function readingOf(values: Readonly<Record<string, string>>): ClusterReading {
  const keys = keysFor('service', 'any');
  const stored: readonly StoredKey[] = Object.entries(values).map(([name, value], index) => ({
    key: keys.prefix + name,
    value,
    modRevision: index + 10,
    leaseId: undefined,
  }));
  return { view: decodeCluster(stored, 100, keys), config: recordFromJson(values['config'] ?? '') };
}

export interface FakeSession extends Session {
  readonly terminal: FakeTerminal;
  readonly calls: ApiCall[];
  readonly written: {
    readonly cluster: string;
    readonly request: FailoverRequest | undefined;
    readonly revision: number;
  }[];
  readonly configs: { readonly cluster: string; readonly config: unknown; readonly revision: number }[];
}

export interface Told {
  readonly clusters?: Clusters;
  readonly answers?: readonly string[];
  readonly api?: (call: ApiCall) => ApiReply;
  readonly scope?: string;
  readonly ownApiUrl?: string;
  readonly isStrict?: boolean;
}

export function aSession(told: Told): FakeSession {
  const calls: ApiCall[] = [];
  const written: FakeSession['written'] = [];
  const configs: FakeSession['configs'] = [];
  return {
    terminal: new FakeTerminal(told.answers),
    calls,
    written,
    configs,
    scope: told.scope,
    ownApiUrl: told.ownApiUrl,
    isStrict: told.isStrict === true,
    dcs: {
      read: (cluster) => Promise.resolve(readingOf(told.clusters?.[cluster] ?? {})),
      writeConfig(cluster, config, revision) {
        configs.push({ cluster, config, revision });
        return Promise.resolve();
      },
      writeFailover(cluster, request, revision) {
        written.push({ cluster, request, revision });
        return Promise.resolve();
      },
    },
    callApi(call) {
      calls.push(call);
      return Promise.resolve(told.api?.(call) ?? { kind: 'unreachable', why: 'refused' });
    },
  };
}

function member(port: number, role: string, more = ''): string {
  const url = `"conn_url":"postgres://127.0.0.1:${port}/postgres","api_url":"http://127.0.0.1:${port + 2578}/patroni"`;
  return `{${url},"state":"running","role":"${role}","timeline":1,"xlog_location":67108960${more}}`;
}

const STREAMS = ',"replay_lsn":67108960,"receive_lsn":67108960,"replication_state":"streaming"';

/** The cluster of the contract's examples. */
export const BATMAN: Readonly<Record<string, string>> = {
  initialize: '7711251641445478941',
  config: '{"ttl":30,"loop_wait":10}',
  leader: 'postgresql0',
  'members/postgresql0': member(35430, 'primary'),
  'members/postgresql1': member(35431, 'replica', STREAMS),
  status: '{"optime":67108960}',
};

export { member, STREAMS };
