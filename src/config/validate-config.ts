import { checkEnvironment } from './check-environment.ts';
import type { Environment } from './environment.ts';
import type { Finding } from './finding.ts';
import { load } from './load.ts';

export interface ValidateArguments {
  readonly paths: readonly string[];
  readonly env: Environment;
  /** What cannot be reached from here is an error too. */
  readonly isStrict: boolean;
  /** Do not look whether the ports are free. */
  readonly ignoresPorts: boolean;
}

/** Everything there is to say about a configuration and the machine it is on, errors first. Starts and changes nothing. */
export async function validateConfig(args: ValidateArguments): Promise<readonly Finding[]> {
  const { config, findings, place } = await load(args.paths, args.env);
  if (config === undefined) return findings;
  const observed = await checkEnvironment(config, { ...args, place });
  const bySeverity = (severity: Finding['severity']): readonly Finding[] =>
    [...observed, ...findings].filter((found) => found.severity === severity);
  return [...bySeverity('error'), ...bySeverity('warning')];
}
