import { z } from 'zod';
import type { StartupParameter } from '../core/model/restart.ts';
import { COMMAND_LINE_PARAMETERS } from '../core/settings/controlled-parameters.ts';
import type { Deadline } from './deadline.ts';
import type { SqlConnection } from './sql-connection.ts';

const CONTROLLED = COMMAND_LINE_PARAMETERS.map(({ name }) => `'${name}'`).join(', ');

/** What the files say stands in the last line that sets it; `?` where nobody can tell. */
const QUERY = `SELECT coalesce(json_agg(json_build_object('name', s.name, 'value', current_setting(s.name), 'pending',
    CASE WHEN s.pending_restart THEN coalesce(
      (SELECT f.setting FROM pg_file_settings f WHERE f.name = s.name ORDER BY f.seqno DESC LIMIT 1), '?') END)), '[]')::text AS found
  FROM pg_settings s
  WHERE s.pending_restart OR s.name IN (${CONTROLLED})`;

const found = z.array(
  z
    .object({ name: z.string(), value: z.string(), pending: z.string().nullable() })
    .transform(({ name, value, pending }): StartupParameter => ({ name, value, pending: pending ?? undefined })),
);

/** Asked once for each loading of the configuration: in between nothing of it changes, and files need not be read again. */
export class StartupParameters {
  #loadedAt: string | undefined;
  #found: readonly StartupParameter[] | undefined;

  forget(): void {
    this.#loadedAt = undefined;
    this.#found = undefined;
  }

  /** undefined: not known, which keeps nobody from anything. */
  async of(
    connection: SqlConnection | undefined,
    loadedAt: string,
    deadline: Deadline,
  ): Promise<readonly StartupParameter[] | undefined> {
    if (this.#loadedAt === loadedAt || connection === undefined) return this.#found;
    try {
      this.#found = found.parse(JSON.parse((await connection.value(QUERY, 'found', deadline)) ?? '[]'));
      this.#loadedAt = loadedAt;
    } catch {
      this.#found = undefined;
    }
    return this.#found;
  }
}
