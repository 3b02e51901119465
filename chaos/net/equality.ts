/** One value for all rows of all tables of a run: the same on two servers only if every row is. */
export const ALL_ROWS = `select md5(coalesce((select string_agg(chaos::text, ',' order by id) from chaos), '')
  || '/' || coalesce((select string_agg(lists::text, ',' order by key) from lists), '')) as digest`;

/** `digests`: of the standbys, by name. */
export function unequalTo(
  primary: { readonly name: string; readonly digest: string },
  digests: ReadonlyMap<string, string>,
): readonly string[] {
  return [...digests]
    .filter(([, digest]) => digest !== primary.digest)
    .map(([name]) => `${name} has other rows than ${primary.name}`);
}
