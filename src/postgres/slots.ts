import { type Lsn, lsnToText } from '../core/model/lsn.ts';
import type { Deadline } from './deadline.ts';
import { literal, SqlFailure, type SqlPlace, withConnection } from './sql-connection.ts';

const DUPLICATE_OBJECT = '42710';
const UNDEFINED_OBJECT = '42704';
const OBJECT_IN_USE = '55006';

/** Keeps WAL from now on, not only from the first connection through it. */
export async function createPhysicalSlot(place: SqlPlace, name: string, deadline: Deadline): Promise<void> {
  const text = `SELECT pg_create_physical_replication_slot(${literal(name)}, true)`;
  await runUnless(DUPLICATE_OBJECT, place, text, deadline);
}

export async function dropSlot(place: SqlPlace, name: string, deadline: Deadline): Promise<void> {
  await runUnless(UNDEFINED_OBJECT, place, `SELECT pg_drop_replication_slot(${literal(name)})`, deadline);
}

/** Physical slots only. A slot that is in use moves by itself. */
export async function advancePhysicalSlots(
  place: SqlPlace,
  to: Readonly<Record<string, Lsn>>,
  deadline: Deadline,
): Promise<void> {
  await withConnection(place, 'slots', deadline, async (connection) => {
    for (const [name, position] of Object.entries(to)) {
      const text = `SELECT pg_replication_slot_advance(${literal(name)}, ${literal(lsnToText(position))})`;
      try {
        await connection.query(text, deadline);
      } catch (error) {
        if (!(error instanceof SqlFailure) || error.code !== OBJECT_IN_USE) throw error;
      }
    }
  });
}

/** The code says that it was so already. */
async function runUnless(code: string, place: SqlPlace, text: string, deadline: Deadline): Promise<void> {
  await withConnection(place, 'slots', deadline, async (connection) => {
    try {
      await connection.query(text, deadline);
    } catch (error) {
      if (!(error instanceof SqlFailure) || error.code !== code) throw error;
    }
  });
}
