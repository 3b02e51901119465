/** One question for everything that a running server can tell, so that all of it belongs to one moment. */

/** Whole rows, because each version has more columns than the one before. */
const SLOTS = `(SELECT coalesce(json_agg(row_to_json(r) ORDER BY slot_name), '[]')
  FROM pg_replication_slots r WHERE NOT temporary)`;

/** A connection's slot is the one that its very process holds: names are not standbys. */
const SENDERS = `(SELECT coalesce(json_agg(json_build_object(
    'pid', s.pid, 'name', s.application_name, 'user', s.usename, 'clientAddress', host(s.client_addr), 'state', s.state,
    'syncState', s.sync_state, 'syncPriority', s.sync_priority, 'writeLsn', s.write_lsn::text,
    'flushLsn', s.flush_lsn::text, 'replayLsn', s.replay_lsn::text, 'slot', p.slot_name) ORDER BY s.application_name, s.pid), '[]')
  FROM pg_stat_replication s
  LEFT JOIN pg_replication_slots p ON p.active_pid = s.pid AND p.slot_type = 'physical')`;

const RECEIVER = `(SELECT json_build_object('status', status, 'host', sender_host, 'port', sender_port,
    'slot', slot_name, 'timeline', received_tli, 'latestEndLsn', latest_end_lsn::text,
    'lastMessageAgeMs', (1000 * extract(epoch FROM clock_timestamp() - last_msg_receipt_time))::float8)
  FROM pg_stat_wal_receiver WHERE pid IS NOT NULL)`;

const ACTIVITY = `(SELECT coalesce(json_agg(json_build_object('kind', backend_type, 'pid', pid, 'waitsFor', wait_event)), '[]')
  FROM pg_stat_activity WHERE backend_type IN ('checkpointer', 'startup'))`;

/**
 * A promotion may happen while it runs. Whether the server is a standby is read once, and what is asked after it works on a
 * server that has just ceased to be one. The timeline is taken from the WAL being written: pg_control lags behind it.
 * Positions come after what they are judged by: what was received after whether a receiver is there, what was flushed after
 * whom the walsenders take for synchronous.
 */
export const STATUS_QUERY = `WITH role AS MATERIALIZED (SELECT pg_is_in_recovery() AS standby)
SELECT json_build_object(
  'standby', standby,
  'version', current_setting('server_version_num')::int,
  'startedAt', pg_postmaster_start_time(),
  'loadedAt', extract(epoch FROM pg_conf_load_time())::text,
  'syncNames', current_setting('synchronous_standby_names'),
  'syncCommit', current_setting('synchronous_commit'),
  'segmentBytes', pg_size_bytes(current_setting('wal_segment_size')),
  'conninfo', current_setting('primary_conninfo', true),
  'restoreCommand', current_setting('restore_command', true),
  'walFile', CASE WHEN NOT standby THEN pg_walfile_name(pg_current_wal_insert_lsn()) END,
  'receiver', ${RECEIVER},
  'receivedLsn', CASE WHEN standby THEN pg_last_wal_receive_lsn()::text END,
  'replayedLsn', CASE WHEN standby THEN pg_last_wal_replay_lsn()::text END,
  'replayedAt', CASE WHEN standby THEN pg_last_xact_replay_timestamp() END,
  'isPaused', CASE WHEN standby THEN pg_is_wal_replay_paused() END,
  'senders', ${SENDERS},
  'flushLsn', CASE WHEN NOT standby THEN pg_current_wal_flush_lsn()::text END,
  'slots', ${SLOTS},
  'activity', ${ACTIVITY}
)::text AS status FROM role`;
