import { type ConfigDocument, findingAt } from './config-document.ts';
import type { Finding, Path } from './finding.ts';

/** Collects what there is to say about a configuration while it is read. */
export interface Report {
  readonly document: ConfigDocument;
  readonly findings: Finding[];
}

interface Remark {
  readonly path: Path;
  readonly reason: string;
  readonly remedy?: string;
}

export function warn(report: Report, remark: Remark): void {
  report.findings.push(findingAt(report.document, { ...remark, severity: 'warning' }));
}

/** The agent does not start with this. */
export function refuse(report: Report, remark: Remark): void {
  report.findings.push(findingAt(report.document, { ...remark, severity: 'error' }));
}
