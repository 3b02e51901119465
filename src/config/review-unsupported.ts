import { isSettingMap } from '../core/settings/read-settings.ts';
import { valueAt } from './config-document.ts';
import type { Path } from './finding.ts';
import { refuse, type Report } from './report.ts';

/** Refuses what would do harm if it were passed over: another cluster would come of it than the one asked for. */
export function reviewUnsupported(report: Report): void {
  if (hasStandbyCluster(report)) {
    refuse(report, {
      path: ['bootstrap', 'dcs', 'standby_cluster'],
      reason: 'a cluster that follows another one is not there yet; an independent one would be made',
    });
  }
  if (isMap(report, ['citus'])) {
    refuse(report, { path: ['citus'], reason: 'Citus is not there yet; its groups would become one cluster' });
  }
}

function isMap(report: Report, path: Path): boolean {
  return isSettingMap(valueAt(report.document, path));
}

function hasStandbyCluster(report: Report): boolean {
  const keys = ['host', 'port', 'restore_command'];
  return keys.some((key) => Boolean(valueAt(report.document, ['bootstrap', 'dcs', 'standby_cluster', key])));
}
