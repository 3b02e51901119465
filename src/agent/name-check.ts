import { keysBelow } from '../core/layout/keys.ts';
import { slotNameOf } from '../core/layout/slot-name.ts';
import { decodeMember } from '../core/layout/member-key.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import { withPath } from '../api/client.ts';
import { httpGet } from './http-peers.ts';
import { Refusal } from './refusal.ts';

export interface NameCheck {
  readonly store: Store;
  readonly log: Log;
  readonly storePrefix: string;
  readonly name: string;
  /** Ends the wait for a store that does not answer. */
  readonly isOver: () => boolean;
  readonly sleep: (ms: number) => Promise<void>;
}

const readMs = 3_000;
const livenessMs = 3_000;
const againMsMax = 10_000;

/**
 * Refuses a name that a living member has: two of one name would take each other's keys. What an earlier life of this agent left
 * in the store answers nothing, as this agent does not listen yet. Waits for the store as long as it takes.
 */
export async function checkName(check: NameCheck): Promise<void> {
  const { store, log, name, isOver, sleep } = check;
  const { members } = keysBelow(check.storePrefix);
  for (let againMs = 500; !isOver(); againMs = Math.min(againMs * 2, againMsMax)) {
    const answer = await store.range(members, { budgetMs: readMs });
    if (answer.kind === 'ok') {
      refuseAlike(
        answer.keyValues.map(({ key }) => key.slice(members.length)),
        name,
      );
      return refuseLiving(answer.keyValues.find(({ key }) => key === members + name)?.value, check);
    }
    refuseCredentials(answer.why);
    log.log('WARNING', `waiting for etcd: ${answer.why}`);
    await sleep(againMs);
  }
}

/** PostgreSQL tells standbys apart by names without regard to case, and two members of one slot never stream at once. */
function refuseAlike(others: readonly string[], name: string): void {
  const alike = others.find((other) => other !== name && slotNameOf(other) === slotNameOf(name));
  if (alike === undefined) return;
  throw new Refusal(
    `The cluster has a member called ${alike}, and ${name} would use the same replication slot, ${slotNameOf(name)}.\n` +
      `Give this member a name that differs by more than case, '-', '.' and '_' (the key 'name' of the configuration). ` +
      `If ${alike} was the former name of this member, wait until its key has run out.`,
  );
}

async function refuseLiving(value: string | undefined, { name, log }: NameCheck): Promise<void> {
  const decoded = value === undefined ? undefined : decodeMember(value);
  const apiUrl = decoded?.value.apiUrl;
  const url = apiUrl === undefined ? undefined : withPath(apiUrl, '/liveness');
  if (url === undefined) return;
  const answer = await httpGet(url, livenessMs);
  if (answer.kind === 'silent') return;
  log.log('CRITICAL', `Can't start; there is already a node named '${name}' running`);
  throw new Refusal(
    `A member called ${name} is alive already: ${apiUrl} answers.\n` +
      `Give this member another name (the key 'name' of the configuration), or stop the other one.`,
  );
}

function refuseCredentials(why: string): void {
  if (!/authentication failed|invalid user ID or password|user name is empty/i.test(why)) return;
  throw new Refusal(`etcd does not accept the credentials: ${why}\nCorrect etcd3.username and etcd3.password.`);
}
