// Does what a word of the script, or a key, says.
import { setTimeout as sleep } from 'node:timers/promises';
import { pause } from './children.ts';
import type { DemoCluster } from './demo-cluster.ts';
import type { Member } from './member.ts';
import { requestSwitchover } from './member-report.ts';
import type { Action, Fault } from './script.ts';

export interface ActionContext {
  readonly cluster: DemoCluster;
  readonly restapiPassword: string;
  readonly tell: (who: string, text: string) => void;
  /** Ends a wait early. */
  readonly signal: AbortSignal;
}

const LEADER_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;

export async function perform(action: Action, context: ActionContext): Promise<void> {
  switch (action.kind) {
    case 'wait':
      return waitFor(action.seconds, context.signal);
    case 'restore':
      return restore(context);
    case 'switchover':
      return switchOver(context);
    case 'quit':
      return;
    case 'kill-leader':
    case 'kill-postgres':
    case 'kill-agent':
    case 'freeze-leader':
      return harmLeader(action.kind, context);
  }
}

async function waitFor(seconds: number, signal: AbortSignal): Promise<void> {
  await sleep(seconds * 1_000, undefined, { signal }).catch(() => undefined);
}

async function harmLeader(fault: Fault, context: ActionContext): Promise<void> {
  const leader = await findLeader(context);
  if (leader === undefined) return context.tell('demo', `${fault}: no leader was found`);
  context.tell('you', `${fault}: ${leader.name}`);
  const faults: Readonly<Record<Fault, () => void>> = {
    'kill-leader': () => leader.killNode(),
    'kill-postgres': () => leader.killPostgres(),
    'kill-agent': () => leader.killAgent(),
    'freeze-leader': () => leader.freeze(),
  };
  faults[fault]();
}

async function switchOver(context: ActionContext): Promise<void> {
  const leader = await findLeader(context);
  if (leader === undefined) return context.tell('demo', 'switchover: no leader was found');
  context.tell('you', `switchover from ${leader.name}`);
  const answer = await requestSwitchover(leader.place, context.restapiPassword);
  context.tell(leader.name, answer);
}

async function restore({ cluster, tell }: ActionContext): Promise<void> {
  const harmed = cluster.members.filter(({ harm }) => harm !== 'none');
  tell(
    'you',
    harmed.length === 0 ? 'restore: nothing was taken down' : `restore: ${harmed.map(({ name }) => name).join(', ')}`,
  );
  await Promise.all(harmed.map((member) => member.restore()));
}

/** The one server that accepts writes, unless something was done to it. undefined: none in time. */
async function findLeader({ cluster, signal }: ActionContext): Promise<Member | undefined> {
  const deadlineMs = performance.now() + LEADER_WITHIN_MS;
  while (!signal.aborted && performance.now() < deadlineMs) {
    const { primaries } = await cluster.standing();
    const leader = cluster.members.find(({ name }) => name === primaries[0]);
    if (primaries.length === 1 && leader?.harm === 'none') return leader;
    await pause(LOOK_EVERY_MS);
  }
  return undefined;
}
