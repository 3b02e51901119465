// One member of the demo's cluster: a supervised agent, its guard and its PostgreSQL, to be started, killed, frozen and stopped.
import { fileURLToPath } from 'node:url';
import { type Child, type Children, signalAll, waitForEnd } from './children.ts';
import type { MemberPlace } from './member-file.ts';
import { allOf, memberProcesses, type MemberProcesses, SUPERVISE } from './member-processes.ts';

/** What was done to it on purpose; such a member is not expected to stream. */
export type Harm = 'none' | 'killed' | 'frozen';

export interface MemberOptions {
  readonly place: MemberPlace;
  readonly configFile: string;
  readonly logFile: string;
  readonly children: Children;
  /** The agent ended, and nobody asked it to. */
  readonly onEnd: (how: string) => void;
}

const AGENT_PROGRAM = fileURLToPath(new URL('../../bin/kornak', import.meta.url));
const STOPS_WITHIN_MS = 20_000;
const ABORTS_WITHIN_MS = 5_000;

export class Member {
  readonly place: MemberPlace;
  readonly logFile: string;
  readonly #options: MemberOptions;
  #agent: Child | undefined;
  #harm: Harm = 'none';
  #stopping = false;
  #agentEnded = false;

  constructor(options: MemberOptions) {
    this.place = options.place;
    this.logFile = options.logFile;
    this.#options = options;
  }

  get name(): string {
    return this.place.name;
  }

  get harm(): Harm {
    return this.#harm;
  }

  /** Whether its agent ended, on purpose or not. One that never began has not ended. */
  get agentEnded(): boolean {
    return this.#agentEnded;
  }

  async start(): Promise<void> {
    const { children, configFile, logFile } = this.#options;
    const args = [AGENT_PROGRAM, SUPERVISE, configFile];
    const agent = await children.start({ command: process.execPath, args, logFile, whenWeDie: 'TERM' });
    this.#agent = agent;
    this.#agentEnded = false;
    void this.#watch(agent);
  }

  async #watch(agent: Child): Promise<void> {
    const how = await agent.ended;
    this.#agent = undefined;
    this.#agentEnded = true;
    if (this.#harm === 'none' && !this.#stopping) this.#options.onEnd(how);
  }

  /** As when its machine loses power. */
  killNode(): void {
    this.#harm = 'killed';
    this.#signalTree('SIGKILL');
  }

  /** A crash, after which its supervisor starts it again: the member stays one that is expected to stream. */
  killAgent(): void {
    const { agent, jobs } = this.#processes();
    signalAll([...agent, ...jobs], 'SIGKILL');
  }

  /** A crash, which the agent is to deal with: the member stays one that is expected to stream. */
  killPostgres(): void {
    signalAll(this.#processes().postgres, 'SIGKILL');
  }

  /** As when its machine is paused. */
  freeze(): void {
    this.#harm = 'frozen';
    this.#signalTree('SIGSTOP');
  }

  /** Takes back what was done to it. */
  async restore(): Promise<void> {
    const harm = this.#harm;
    this.#harm = 'none';
    if (harm === 'frozen') signalAll(allOf(this.#processes()), 'SIGCONT');
    if (harm === 'killed') {
      await this.#agent?.ended;
      await this.start();
    }
  }

  /** Ends everything of this member: gently first, since a killed server would have to recover at a later start. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const before = this.#processes();
    signalAll(allOf(before), 'SIGCONT');
    const asked = before.supervisor.length > 0 ? before.supervisor : before.agent;
    signalAll(asked, 'SIGTERM');
    await waitForEnd([...asked, ...before.agent], STOPS_WITHIN_MS);
    await endMemberProcesses(this.#processes());
    await this.#agent?.ended;
  }

  /** Twice: between the look and the signal a process may have forked. */
  #signalTree(name: NodeJS.Signals): void {
    signalAll(allOf(this.#processes()), name);
    signalAll(allOf(this.#processes()), name);
  }

  #processes(): MemberProcesses {
    return memberProcesses(this.place.dataDir, this.#options.configFile);
  }
}

/** Ends what an agent that is gone left behind. */
export async function endMemberProcesses(left: MemberProcesses): Promise<void> {
  signalAll(allOf(left), 'SIGCONT');
  signalAll([...left.supervisor, ...left.agent, ...left.jobs], 'SIGKILL');
  // An immediate shutdown: quick, and it removes its shared memory.
  signalAll(left.postgres.slice(0, 1), 'SIGQUIT');
  await waitForEnd(left.postgres, ABORTS_WITHIN_MS);
  signalAll([...left.guard, ...left.postgres], 'SIGKILL');
  await waitForEnd(allOf(left), ABORTS_WITHIN_MS);
}
