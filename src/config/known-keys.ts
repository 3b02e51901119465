// Every key that Patroni or Kornak knows in a member's file, and what becomes of it here.

/** used: acted on. later: known, not acted on yet. shared: only the dynamic configuration sets it. any: the user's own keys. */
type KeyUse = 'used' | 'later' | 'shared' | 'any';

export interface KnownKey {
  readonly use: KeyUse;
  /** Written out, it changes nothing, so nothing needs to be said. */
  readonly fallback?: unknown;
  readonly inner?: KeyTree;
}

export type KeyTree = Readonly<Record<string, KnownKey>>;

type Shorthand = KeyUse | KnownKey | { readonly [key: string]: Shorthand };

function isKnownKey(value: Shorthand): value is KnownKey {
  return (
    typeof value === 'object' &&
    typeof value['use'] === 'string' &&
    ['used', 'later', 'shared', 'any'].includes(value['use'])
  );
}

function tree(shorthand: { readonly [key: string]: Shorthand }): KeyTree {
  const expand = (value: Shorthand): KnownKey => {
    if (typeof value === 'string') return { use: value };
    return isKnownKey(value) ? value : { use: 'used', inner: tree(value) };
  };
  return Object.fromEntries(Object.entries(shorthand).map(([key, value]) => [key, expand(value)]));
}

function all(use: KeyUse, keys: string): Record<string, KeyUse> {
  return Object.fromEntries(keys.split(' ').map((key) => [key, use]));
}

function later(fallback: unknown): KnownKey {
  return { use: 'later', fallback };
}

const ROLE = all(
  'used',
  'username password sslmode sslcert sslkey sslpassword sslrootcert sslcrl sslcrldir gssencmode channel_binding sslnegotiation',
);

const PASSWORD = all('used', 'username password');

const DYNAMIC_TOP = {
  ...all('used', 'ttl loop_wait retry_timeout maximum_lag_on_failover pause synchronous_mode synchronous_mode_strict'),
  ...all('used', 'primary_start_timeout master_start_timeout primary_stop_timeout master_stop_timeout'),
  ...all('used', 'synchronous_node_count maximum_lag_on_syncnode check_timeline max_timelines_history'),
  ...all('used', 'failsafe_mode primary_race_backoff'),
  ...all('used', 'member_slots_ttl slots permanent_replication_slots permanent_slots ignore_slots'),
  standby_cluster: {
    ...all('used', 'host port primary_slot_name restore_command archive_cleanup_command recovery_min_apply_delay'),
    create_replica_methods: 'used',
  },
} as const;

/** Also accepted under `bootstrap.dcs.postgresql`. */
const POSTGRESQL_ANYWHERE = {
  ...all('any', 'parameters'),
  ...all('used', 'pg_hba pg_ident use_pg_rewind'),
  ...all('used', 'remove_data_directory_on_rewind_failure remove_data_directory_on_diverged_timelines'),
  ...all('later', 'parameters_primary parameters_replica parameters_standby_leader pg_hba_primary pg_hba_replica'),
  ...all('later', 'pg_hba_standby_leader pg_ident_primary pg_ident_replica pg_ident_standby_leader'),
  ...all('later', 'config_base_name bin_name krbsrvname use_unix_socket_repl custom_conf'),
  ...all('later', 'pg_ctl_timeout'),
} as const;

const DYNAMIC = {
  ...DYNAMIC_TOP,
  postgresql: {
    ...POSTGRESQL_ANYWHERE,
    use_slots: 'used',
    ...all('later', 'bin_dir database use_unix_socket recovery_conf basebackup rewind'),
    ...all('later', 'create_replica_methods create_replica_method'),
    // Programs that a member runs are named in its own file alone: whoever writes the store must not choose them.
    ...all('later', 'callbacks pre_promote before_stop'),
  },
  kornak: all('used', 'leader_ttl health_timeout failover_on_crash divergence'),
} as const;

/** Every key of the dynamic configuration. */
export const DYNAMIC_KEYS: KeyTree = tree(DYNAMIC);

const POSTGRESQL = {
  ...POSTGRESQL_ANYWHERE,
  ...all('used', 'listen connect_address data_dir config_dir bin_dir database pgpass use_unix_socket'),
  ...all('any', 'recovery_conf basebackup rewind create_replica_methods create_replica_method'),
  callbacks: all('used', 'on_start on_restart on_stop on_reload on_role_change'),
  ...all('used', 'pre_promote before_stop'),
  authentication: { superuser: ROLE, replication: ROLE, rewind: ROLE },
  use_slots: { use: 'shared', fallback: true },
  proxy_address: 'later',
} as const;

const sharedTop = Object.fromEntries(Object.keys(DYNAMIC_TOP).map((key) => [key, 'shared' as const]));

export const KNOWN_KEYS: KeyTree = tree({
  ...sharedTop,
  ...all('used', 'scope name namespace'),
  // Sizes of a thread pool that does not exist here.
  ...all('used', 'thread_pool_size thread_stack_size'),
  log: {
    ...all('used', 'level type'),
    ...all(
      'later',
      'traceback_level format dateformat static_fields max_queue_size dir file_size file_num mode loggers',
    ),
    deduplicate_heartbeat_logs: later(false),
  },
  restapi: {
    ...all('used', 'listen connect_address certfile keyfile keyfile_password thread_pool_size request_queue_size'),
    authentication: PASSWORD,
    ...all('later', 'cafile ciphers verify_client allowlist allowlist_include_members http_extra_headers'),
    ...all('later', 'https_extra_headers server_tokens'),
  },
  ctl: {
    authentication: PASSWORD,
    insecure: later(false),
    ...all('later', 'cacert certfile keyfile keyfile_password'),
  },
  etcd3: {
    ...all('used', 'host hosts port url proxy protocol username password cacert cert key'),
    ...all('later', 'srv discovery_srv srv_domain srv_suffix use_proxies version_prefix'),
  },
  // Refused by name elsewhere.
  ...all('any', 'etcd consul zookeeper exhibitor kubernetes raft citus'),
  bootstrap: {
    dcs: DYNAMIC,
    ...all('any', 'initdb method'),
    ...all('used', 'pg_hba post_bootstrap post_init'),
    users: 'later',
  },
  postgresql: POSTGRESQL,
  watchdog: all('used', 'mode device safety_margin driver'),
  tags: {
    ...all('used', 'nofailover failover_priority nosync sync_priority noloadbalance replicatefrom nostream clonefrom'),
  },
  kornak: all('used', 'leader_ttl health_timeout callback_timeout hook_timeout divergence state_dir'),
});

/** Sections whose keys are free beside the known ones. */
export const OPEN_SECTIONS: readonly string[] = ['tags', 'bootstrap.dcs'];
