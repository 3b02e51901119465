import type { ServerTrouble, ServerTroubleKind } from '../model/healing.ts';

const REMEDIES: Readonly<Record<ServerTroubleKind, string>> = {
  walRemoved: 'it is cloned anew unless an archive has that WAL (restore_command)',
  diverged: 'it is rewound or cloned anew',
  ahead: 'it may hold the only copy of the last commits: look at them before kornakctl reinit',
  credentials: 'set postgresql.authentication.replication here and pg_hba on the leader to what the cluster has',
  slotMissing: 'the leader makes the slot by itself unless max_replication_slots is used up there',
  slotBusy: 'another server streams under the name of this member: end it',
  unreachable: 'look at the network, and at listen and connect_address of the leader',
  foreign: 'the data belong to another cluster: check scope and data_dir, then kornakctl reinit',
  broken: 'it is cloned anew',
  settings: 'correct the setting that the text names',
};

/** What is wrong, in the server's words, and what helps. */
export function troubleText({ kind, text }: ServerTrouble): string {
  return `${text}; ${REMEDIES[kind]}`;
}
