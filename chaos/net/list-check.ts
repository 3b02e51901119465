// Whether lists that several clients appended to tell one story: nothing that was acknowledged is missing or there twice, what a
// committed transaction read is how the list began, and who was answered before another one asked stands before it.

export interface ListRead {
  readonly key: number;
  readonly items: readonly number[];
}

/** One that was acknowledged: it appended `item` to `key`, and read that list after it and another one. */
export interface ListTransaction {
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly member: string;
  readonly key: number;
  readonly item: number;
  readonly reads: readonly ListRead[];
}

/** `final`: the lists as the survivor has them. What is wrong, one sentence each. */
export function brokenLists(
  transactions: readonly ListTransaction[],
  final: ReadonlyMap<number, readonly number[]>,
): readonly string[] {
  return [
    ...[...final].flatMap(([key, items]) => doubled(key, items)),
    ...transactions.flatMap((transaction) => missing(transaction, final)),
    ...transactions.flatMap((transaction) => brokenReads(transaction, final)),
    ...[...final].flatMap(([key, items]) => outOfTurn(key, items, transactions)),
  ];
}

function doubled(key: number, items: readonly number[]): readonly string[] {
  const twice = items.filter((item, at) => items.indexOf(item) !== at);
  return twice.map((item) => `list ${key} holds ${item} twice`);
}

function missing({ key, item, member }: ListTransaction, final: ReadonlyMap<number, readonly number[]>): string[] {
  return final.get(key)?.includes(item) === true ? [] : [`list ${key} lacks ${item}, which ${member} acknowledged`];
}

function brokenReads(
  { item, member, reads }: ListTransaction,
  final: ReadonlyMap<number, readonly number[]>,
): readonly string[] {
  return reads.flatMap((read) => {
    const list = final.get(read.key) ?? [];
    const at = read.items.findIndex((value, index) => value !== list[index]);
    if (at < 0) return [];
    return [
      `${item} at ${member} read list ${read.key} with ${read.items[at]} at ${at}, where it has ${list[at] ?? 'nothing'}`,
    ];
  });
}

/** Somebody stands before one whose answer had come before he was sent. */
function outOfTurn(key: number, items: readonly number[], transactions: readonly ListTransaction[]): readonly string[] {
  const byItem = new Map(transactions.map((transaction) => [transaction.item, transaction]));
  const ordered = items.map((item) => byItem.get(item)).filter((transaction) => transaction !== undefined);
  let latest: ListTransaction | undefined;
  const broken: string[] = [];
  for (const transaction of ordered) {
    if (latest !== undefined && transaction.answeredMs < latest.sentMs)
      broken.push(`list ${key} has ${transaction.item} behind ${latest.item}, which was sent after its answer`);
    if (latest === undefined || transaction.sentMs > latest.sentMs) latest = transaction;
  }
  return broken;
}
