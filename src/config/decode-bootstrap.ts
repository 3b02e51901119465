import { decodeDynamicConfig } from '../core/settings/dynamic-config.ts';
import { serverParameters } from '../core/settings/server-parameters.ts';
import type { SettingProblem } from '../core/settings/setting-problem.ts';
import { decodeBootstrapMethod } from './decode-methods.ts';
import type { BootstrapConfig } from './local-config.ts';
import { readOptionList } from './option-list.ts';
import { refuse, type Report, warn } from './report.ts';
import type { LocalSchema } from './schema.ts';

const INITDB_FORBIDDEN = ['pgdata', 'nosync', 'no-sync', 'pwfile', 'pwprompt', 'sync-only', 'version'];

export function decodeBootstrap(input: LocalSchema['bootstrap'], report: Report): BootstrapConfig | undefined {
  if (input === undefined) return undefined;
  const decoded = decodeDynamicConfig(input.dcs);
  const parameters = serverParameters({}, decoded.config, {
    listenAddresses: '',
    port: 0,
    clusterName: '',
    majorVersion: 0,
  });
  // A new cluster has failsafe mode unless it is told otherwise.
  const { problems } = decodeDynamicConfig({ failsafe_mode: true, ...input.dcs });
  for (const problem of [...problems, ...parameters.problems]) tell(problem, report);
  const initdb = readOptionList(input.initdb, INITDB_FORBIDDEN);
  for (const reason of initdb.problems) refuse(report, { path: ['bootstrap', 'initdb'], reason });
  return {
    dcs: input.dcs,
    dynamic: decoded.config,
    initdbArguments: initdb.arguments,
    method: decodeBootstrapMethod(report),
    postBootstrap: input.post_bootstrap ?? input.post_init,
    pgHba: input.pg_hba ?? [],
  };
}

function tell({ path, reason, severity }: SettingProblem, report: Report): void {
  const remark = { path: ['bootstrap', 'dcs', ...path], reason };
  if (severity === 'rejects') refuse(report, remark);
  else warn(report, remark);
}
