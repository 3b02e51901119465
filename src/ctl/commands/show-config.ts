import { namedCluster } from '../named-cluster.ts';
import type { Session } from '../session.ts';
import { yamlBlock } from '../yaml-text.ts';

/** Prints the dynamic configuration as YAML; nothing where there is none. */
export async function showConfig(cluster: string | undefined, session: Session): Promise<number> {
  const { config } = await session.dcs.read(namedCluster(cluster, session));
  if (config !== undefined) session.terminal.out(yamlBlock(config));
  return 0;
}
