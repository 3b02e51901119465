import type { TouchedRelation } from '../core/model/divergence-record.ts';
import { type Deadline, atMost } from './deadline.ts';
import { type SqlPlace, withConnection } from './sql-connection.ts';
import { type FileNode, unnamed } from './wal-summary.ts';

type Counted = FileNode & { readonly records: number };

const CONNECT_MS = 5_000;
/** pg_default, which pg_filenode_relation knows as 0. */
const DEFAULT_TABLESPACE = '1663';

/**
 * Names of relations by their file numbers, as the leader has them: what was there before the histories parted has the same
 * numbers in both. What it does not know, and all of a database that cannot be connected to, keeps its numbers.
 */
export async function namesOf(
  relations: readonly Counted[],
  place: SqlPlace,
  deadline: Deadline,
): Promise<readonly TouchedRelation[]> {
  const named = new Map<string, string>();
  try {
    for (const [oid, name] of await databases(place, deadline)) {
      const wanted = relations.filter(({ database }) => database === oid);
      if (wanted.length > 0) await nameIn({ ...place, database: name }, wanted, named, deadline).catch(() => {});
    }
  } catch {
    // The numbers do.
  }
  return relations.map((each) => ({ ...unnamed(each), name: named.get(keyOf(each)) ?? unnamed(each).name }));
}

async function databases(place: SqlPlace, deadline: Deadline): Promise<ReadonlyMap<string, string>> {
  return withConnection(place, 'names', atMost(deadline, CONNECT_MS), async (connection) => {
    const rows = await connection.query(
      'SELECT oid::text AS oid, datname FROM pg_database WHERE datallowconn',
      deadline,
    );
    return new Map(rows.map((row) => [String(row['oid']), String(row['datname'])]));
  });
}

async function nameIn(
  place: SqlPlace,
  relations: readonly Counted[],
  named: Map<string, string>,
  deadline: Deadline,
): Promise<void> {
  await withConnection(place, 'names', atMost(deadline, CONNECT_MS), async (connection) => {
    const pairs = relations.map(({ tablespace, file }) => {
      const space = tablespace === DEFAULT_TABLESPACE ? '0' : tablespace;
      return `(${Number(space)}::oid, ${Number(file)}::oid)`;
    });
    const text = `SELECT f.space::text AS space, f.file::text AS file, pg_filenode_relation(f.space, f.file)::regclass::text AS name
      FROM (VALUES ${pairs.join(', ')}) AS f(space, file)`;
    for (const row of await connection.query(text, deadline)) {
      if (typeof row['name'] !== 'string') continue;
      const space = String(row['space']) === '0' ? DEFAULT_TABLESPACE : String(row['space']);
      const found = relations.find((each) => each.tablespace === space && each.file === String(row['file']));
      if (found !== undefined) named.set(keyOf(found), `${place.database}: ${row['name']}`);
    }
  });
}

function keyOf({ tablespace, database, file }: FileNode): string {
  return `${tablespace}/${database}/${file}`;
}
