import { isSettingMap } from '../core/settings/read-settings.ts';
import { valueAt } from './config-document.ts';
import type { Path } from './finding.ts';
import { refuse, type Report } from './report.ts';

/** Refuses what would do harm if it were passed over: another cluster would come of it than the one asked for. */
export function reviewUnsupported(report: Report): void {
  if (isMap(report, ['citus'])) {
    refuse(report, { path: ['citus'], reason: 'Citus is not there yet; its groups would become one cluster' });
  }
}

function isMap(report: Report, path: Path): boolean {
  return isSettingMap(valueAt(report.document, path));
}
