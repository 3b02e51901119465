// The configuration of one member: an ordinary Patroni file, as one would write it by hand.
import type { Passwords } from './demo-record.ts';
import { type DemoPorts, LOOPBACK, type MemberPorts } from './ports.ts';

export interface MemberPlace {
  readonly name: string;
  readonly ports: MemberPorts;
  /** Without symbolic links. */
  readonly dataDir: string;
}

export const SCOPE = 'demo';
export const SUPERUSER = 'postgres';
export const RESTAPI_USER = 'kornak';

export function memberFileText(member: MemberPlace, ports: DemoPorts, passwords: Passwords): string {
  const quoted = (text: string): string => JSON.stringify(text);
  const etcdHosts = ports.etcd.map(({ client }) => `${LOOPBACK}:${client}`);
  return `scope: ${SCOPE}
name: ${member.name}

restapi:
  listen: ${LOOPBACK}:${member.ports.restapi}
  connect_address: ${LOOPBACK}:${member.ports.restapi}
  authentication:
    username: ${RESTAPI_USER}
    password: ${quoted(passwords.restapi)}

etcd3:
  hosts: [${etcdHosts.map(quoted).join(', ')}]

bootstrap:
  dcs:
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        max_connections: 50
  initdb:
    - encoding: UTF8
    - locale: C.UTF-8
    - data-checksums

postgresql:
  listen: ${LOOPBACK}:${member.ports.postgres}
  connect_address: ${LOOPBACK}:${member.ports.postgres}
  data_dir: ${quoted(member.dataDir)}
  authentication:
    superuser:
      username: ${SUPERUSER}
      password: ${quoted(passwords.superuser)}
    replication:
      username: replicator
      password: ${quoted(passwords.replication)}
    rewind:
      username: rewind
      password: ${quoted(passwords.rewind)}
  parameters:
    # A socket's path has a length limit that a directory among the temporary files may not keep.
    unix_socket_directories: ''
    # A server killed on purpose then leaves nothing behind outside its data directory.
    dynamic_shared_memory_type: mmap
    shared_buffers: 32MB
  pg_hba:
    - host all all ${LOOPBACK}/32 scram-sha-256
    - host replication all ${LOOPBACK}/32 scram-sha-256
`;
}
