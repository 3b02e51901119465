import { type Loaded, decodeFiles } from '../../../src/config/load.ts';
import type { Environment } from '../../../src/config/environment.ts';
import { readYaml } from '../../../src/config/yaml-file.ts';

/** The least that a member needs, with nothing to remark on but what every such file lacks. */
export const LEAST = `scope: batman
name: robin
restapi:
  listen: 0.0.0.0:8008
  connect_address: 10.0.0.1:8008
etcd3:
  host: 10.0.0.9:2379
postgresql:
  listen: 0.0.0.0:5432
  connect_address: 10.0.0.1:5432
  data_dir: /data/pg
  authentication:
    superuser: {username: postgres, password: secret-s}
    replication: {username: replicator, password: secret-r}
bootstrap:
  dcs: {synchronous_mode: true}
`;

export function decodeText(text: string, env: Environment = {}): Loaded {
  return decodeFiles([readYaml(text, 'robin.yml')], env);
}

/** The least configuration with further YAML over it, as a second file. */
export function decodeOver(text: string, env: Environment = {}): Loaded {
  return decodeFiles([readYaml(LEAST, 'least.yml'), readYaml(text, 'over.yml')], env);
}
