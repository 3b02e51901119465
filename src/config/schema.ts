// What a member's file may hold, as far as it is acted on. The descriptions are what users read about each item.
import { z } from 'zod';
import { LEADER_TTL_MS_MIN } from '../core/settings/leader-ttl.ts';
import * as field from './fields.ts';

const basicAuthentication = (who: string) =>
  field.optionalSection(`User name and password ${who}.`, {
    username: field.text('User name.'),
    password: field.requiredSecret('Password.'),
  });

const restapi = field.section('The REST listener of this member.', {
  listen: field.hostPort('Address and port to listen on; an empty host or * stands for every address.'),
  connect_address: field.optionalHostPort('Address and port under which the other members reach the listener.'),
  authentication: basicAuthentication('demanded for requests that change something'),
  certfile: field.optionalText('Certificate of the listener, in PEM; with it the listener speaks HTTPS.'),
  keyfile: field.optionalText('Key of the certificate, where it is not in the same file.'),
  keyfile_password: field.secret('Passphrase of the key.'),
});

const etcdHosts = z
  .union([z.string(), z.array(z.string())], { error: 'must be a list of host:port, or text with commas between them' })
  .nullish()
  .describe('Several members of etcd.');

const etcd3 = field.section('The store: etcd, version 3 of its API.', {
  host: field.optionalText('One member of etcd, as host or host:port.'),
  hosts: etcdHosts,
  port: z
    .int({ error: 'must be a port' })
    .min(1, { error: 'must be a port' })
    .max(65_535, { error: 'must be a port' })
    .nullish()
    .describe('Port where host or hosts name none; 2379 by default.'),
  url: field.optionalText('One member of etcd as a URL, which may hold user name and password.'),
  proxy: field.optionalText('URL of a proxy before etcd; used like url.'),
  protocol: z
    .enum(['http', 'https'], { error: 'must be http or https' })
    .nullish()
    .describe('How to speak to host and hosts; http by default.'),
  username: field.optionalText('User of etcd.'),
  password: field.secret('Password of the user.'),
  cacert: field.optionalText('Certificate authority that the certificate of etcd is checked against.'),
  cert: field.optionalText('Certificate that is shown to etcd.'),
  key: field.optionalText('Key of that certificate, where it is not in the same file.'),
});

const roleFields = {
  username: field.text('Name of the role.'),
  password: field.secret('Its password.'),
  sslmode: field.optionalText("libpq's sslmode."),
  sslcert: field.optionalText("libpq's sslcert: certificate of the client."),
  sslkey: field.optionalText("libpq's sslkey: key of that certificate."),
  sslpassword: field.secret("libpq's sslpassword: passphrase of that key."),
  sslrootcert: field.optionalText("libpq's sslrootcert: authority that the server's certificate is checked against."),
  sslcrl: field.optionalText("libpq's sslcrl: revoked certificates."),
  sslcrldir: field.optionalText("libpq's sslcrldir: directory of revoked certificates."),
  gssencmode: field.optionalText("libpq's gssencmode."),
  channel_binding: field.optionalText("libpq's channel_binding."),
  sslnegotiation: field.optionalText("libpq's sslnegotiation."),
};

const authentication = field.section('The roles that the agent connects as.', {
  superuser: field.section('Owner of the cluster; runs everything that no other role may.', roleFields),
  replication: field.section('Streams from other members and clones them.', roleFields),
  rewind: field.optionalSection('Reads files for pg_rewind; without it the superuser does.', roleFields),
});

const postgresql = field.section('The PostgreSQL beside this agent.', {
  listen: field.listen('Addresses with commas between them, and the port: 0.0.0.0:5432.'),
  connect_address: field.optionalHostPort('Address and port under which the other members and clients reach it.'),
  data_dir: field.directory('Data directory.'),
  config_dir: field.optionalText(
    'Where postgresql.conf, pg_hba.conf and pg_ident.conf lie; the data directory by default.',
  ),
  bin_dir: field.optionalText("PostgreSQL's programs; found through PATH where it is not given."),
  database: field.optionalText('Database for all connections of the agent; postgres by default.'),
  authentication,
  parameters: field.freeMap('Parameters of the server on this member only.'),
  pg_hba: field.lines('Lines of pg_hba.conf, which then has no others.'),
  pg_ident: field.lines('Lines of pg_ident.conf, which then has no others.'),
  use_pg_rewind: field.flag('Bring this member back by pg_rewind when it has diverged.'),
  remove_data_directory_on_rewind_failure: field.flag('Clone anew when pg_rewind has failed.'),
  remove_data_directory_on_diverged_timelines: field.flag('Clone anew when diverged and pg_rewind is not used.'),
  pgpass: field.optionalText('Password file that the agent writes for the programs it calls.'),
  use_unix_socket: field.flag('Connect to the own server through its socket.'),
  callbacks: field.optionalSection('Programs that are told of changes, as: program action role scope.', {
    on_start: field.command('PostgreSQL has begun to serve.'),
    on_restart: field.command('PostgreSQL serves again after a restart.'),
    on_stop: field.command('PostgreSQL has been stopped.'),
    on_reload: field.command('PostgreSQL has been told a changed configuration.'),
    on_role_change: field.command('This member has become primary, replica, standby_leader or demoted.'),
  }),
  pre_promote: field.command('Asked before a promotion; when it fails, the leader key is released instead.'),
  before_stop: field.command('Run before PostgreSQL is stopped; what comes of it is only logged.'),
  recovery_conf: field.freeMap('Settings for following another member, such as restore_command.'),
  basebackup: z.unknown().optional().describe('Further options of pg_basebackup, as list or map.'),
  rewind: z.unknown().optional().describe('Further options of pg_rewind, as list or map.'),
});

const bootstrap = field.optionalSection('How a new cluster is made; read by the member that makes it, only then.', {
  dcs: z
    .record(z.string(), z.unknown(), { error: ({ input }) => (input === undefined ? 'is required' : 'must be a map') })
    .describe('The dynamic configuration to begin with.'),
  initdb: z.unknown().optional().describe('Options of initdb, as list or map.'),
  pg_hba: field.lines('Lines appended to the new pg_hba.conf.'),
  post_bootstrap: field.command(
    'Run once on a new cluster, with a connection string; when it fails, there is no new cluster.',
  ),
  post_init: field.command('Another name of post_bootstrap, which goes first.'),
});

const watchdog = field.optionalSection('The device that resets the machine when nobody keeps it alive.', {
  mode: z.unknown().optional().describe('off, automatic (by default) or required.'),
  device: field.optionalText('The device; /dev/watchdog by default.'),
  safety_margin: z
    .int({ error: 'must be a whole number of seconds, or -1' })
    .min(-1, { error: 'must be a whole number of seconds, or -1' })
    .nullish()
    .describe('Seconds between the reset and the end of ttl, 5 by default; -1: half of ttl.'),
  driver: z
    .enum(['default', 'testing'], { error: 'must be default or testing' })
    .nullish()
    .describe('testing: a file or FIFO that is written what a device would be told.'),
});

const log = field.optionalSection('What is logged, and how.', {
  level: z
    .enum(['DEBUG', 'INFO', 'WARN', 'WARNING', 'ERROR', 'FATAL', 'CRITICAL'], {
      error: 'must be DEBUG, INFO, WARN, WARNING, ERROR, FATAL or CRITICAL',
    })
    .nullish()
    .describe('Least level that is logged; INFO by default.'),
  type: z.enum(['plain', 'json'], { error: 'must be plain or json' }).nullish().describe('Lines for people or JSON.'),
});

/** A leader that waits longer for a hook would be given up by the others. */
const HOOK_MS_MAX = 60_000;

const kornak = field.optionalSection("Kornak's own settings, ignored by Patroni.", {
  leader_ttl: field.duration(
    "Life of the leader's own lease, for this member; at least 2 s, at most 1.5 ttl.",
    LEADER_TTL_MS_MIN,
  ),
  health_timeout: field.duration('How long PostgreSQL may leave a probe unanswered, on this member.', 500),
  callback_timeout: field.duration('How long a callback may run before it is ended; 300 s by default.', 100),
  hook_timeout: field
    .duration('How long pre_promote and before_stop may run; 30 s by default, 60 s at most.', 100)
    .refine((ms) => ms === undefined || ms <= HOOK_MS_MAX, { error: 'must be at most 60 s' }),
  divergence: z
    .enum(['keep', 'hold'], { error: 'must be keep or hold' })
    .nullish()
    .describe(
      'Diverged WAL too large to be kept aside: keep its description only, or hold it until people discard it.',
    ),
  state_dir: field.optionalText('Directory of this agent alone; beside the data directory, with .kornak appended.'),
});

export const LOCAL_SECTIONS = {
  scope: field.text('Name of the cluster.'),
  name: field.text('Name of this member, unlike any other of the cluster.'),
  namespace: field.optionalText('Where the cluster lies in the store; service by default.'),
  restapi,
  etcd3,
  postgresql,
  bootstrap,
  tags: field.freeMap('What this member may be used for; unknown ones are published as they are.'),
  ctl: field.optionalSection('For requests to the listeners of other members.', {
    authentication: basicAuthentication('for requests; those of restapi by default'),
  }),
  log,
  watchdog,
  kornak,
};

export const LOCAL_SCHEMA = field.section('The configuration of one member.', LOCAL_SECTIONS);

export type LocalSchema = z.output<typeof LOCAL_SCHEMA>;
