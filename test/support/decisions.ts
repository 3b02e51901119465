import { type TestMember, until } from './kornak-cluster.ts';

/** Waits until the member's last decision is by this rule, and tells why it was taken; fails with what it is ruled by instead. */
export async function decides(member: TestMember, rule: string, withinMs = 30_000): Promise<string> {
  let last = 'it has told nothing';
  return await until(
    `${member.name} decides by ${rule}`,
    async () => {
      const { json } = await member.api('/kornak/explain');
      last = `${String(json['rule'])}: ${String(json['why'])}`;
      return json['rule'] === rule ? String(json['why']) : undefined;
    },
    withinMs,
  ).catch((error: unknown) => {
    throw new Error(`${member.name} does not come to ${rule}; last ${last}`, { cause: error });
  });
}
