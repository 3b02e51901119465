import { namedCluster } from '../named-cluster.ts';
import type { Format } from '../format.ts';
import { cell, printedRows } from '../print-rows.ts';
import type { Session } from '../session.ts';

export interface HistoryOptions {
  readonly cluster: string | undefined;
  readonly format: Format;
}

/** Shows the timelines that ended, why, and who led afterwards. */
export async function history({ cluster, format }: HistoryOptions, session: Session): Promise<number> {
  const { view } = await session.dcs.read(namedCluster(cluster, session));
  const rows = (view.history.value ?? []).map(({ timeline, lsn, reason, at, newLeader }) => [
    cell(timeline),
    { ...cell(lsn.toString()), data: lsn },
    cell(reason),
    cell(at ?? ''),
    cell(newLeader ?? ''),
  ]);
  const columns = [
    { title: 'TL', isRight: true },
    { title: 'LSN', isRight: true },
    { title: 'Reason' },
    { title: 'Timestamp' },
    { title: 'New Leader' },
  ];
  session.terminal.out(printedRows(format, { columns, rows }));
  return 0;
}
