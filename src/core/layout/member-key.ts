import type { KornakCapabilities, MemberData, Tags } from '../model/cluster.ts';
import type { UnfitKind } from '../model/health.ts';
import { compactJson } from './compact-json.ts';
import type { Decoded } from './decoded.ts';
import {
  countField,
  countFrom,
  fieldOf,
  isRecord,
  type JsonRecord,
  lsnField,
  recordFromJson,
  textField,
  timelineFrom,
} from './fields.ts';

/** What is known of a member whose key is absent or means nothing. */
export const NO_MEMBER_DATA: MemberData = {
  connUrl: undefined,
  apiUrl: undefined,
  state: 'unknown',
  role: 'unknown',
  version: undefined,
};

export function decodeMember(text: string): Decoded<MemberData> {
  if (text.startsWith('postgres')) return decodeLegacyUrl(text);
  const record = recordFromJson(text);
  if (record === undefined) return { value: NO_MEMBER_DATA, why: 'not a JSON object' };
  return { value: { ...identityFrom(record), ...positionsFrom(record), ...noticesFrom(record) } };
}

export function encodeMember(data: MemberData): string {
  return compactJson({
    conn_url: data.connUrl,
    api_url: data.apiUrl,
    state: data.state,
    role: data.role,
    version: data.version,
    proxy_url: data.proxyUrl,
    checkpoint_after_promote: data.checkpointAfterPromote,
    tags: data.tags,
    pending_restart: data.pendingRestart,
    pending_restart_reason: data.pendingRestartReason,
    xlog_location: data.xlogLocation,
    replay_lsn: data.replayLsn,
    receive_lsn: data.receiveLsn,
    replication_state: data.replicationState,
    timeline: data.timeline,
    scheduled_restart: data.scheduledRestart,
    pause: data.pause,
    kornak: kornakFields(data.kornak),
  });
}

type Identity = Pick<MemberData, 'connUrl' | 'apiUrl' | 'state' | 'role' | 'version' | 'proxyUrl'>;

function identityFrom(record: JsonRecord): Identity {
  const role = textField(record, 'role') ?? NO_MEMBER_DATA.role;
  const proxyUrl = textField(record, 'proxy_url');
  return {
    connUrl: textField(record, 'conn_url') ?? urlFromParts(fieldOf(record, 'conn_kwargs')),
    apiUrl: textField(record, 'api_url'),
    state: textField(record, 'state') ?? NO_MEMBER_DATA.state,
    // Patroni before 4.0 says master.
    role: role === 'master' ? 'primary' : role,
    version: textField(record, 'version'),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  };
}

type Positions = Pick<MemberData, 'xlogLocation' | 'replayLsn' | 'receiveLsn' | 'replicationState' | 'timeline'>;

function positionsFrom(record: JsonRecord): Positions {
  const xlogLocation = lsnField(record, 'xlog_location');
  const replayLsn = lsnField(record, 'replay_lsn');
  const receiveLsn = lsnField(record, 'receive_lsn');
  const replicationState = textField(record, 'replication_state');
  const timeline = timelineFrom(fieldOf(record, 'timeline'));
  return {
    ...(xlogLocation === undefined ? {} : { xlogLocation }),
    ...(replayLsn === undefined ? {} : { replayLsn }),
    ...(receiveLsn === undefined ? {} : { receiveLsn }),
    ...(replicationState === undefined ? {} : { replicationState }),
    ...(timeline === undefined ? {} : { timeline }),
  };
}

type Notices = Omit<MemberData, keyof Identity | keyof Positions>;

function noticesFrom(record: JsonRecord): Notices {
  const tags = jsonMap(record, 'tags');
  const pendingRestartReason = jsonMap(record, 'pending_restart_reason');
  const scheduledRestart = jsonMap(record, 'scheduled_restart');
  const kornak = capabilitiesFrom(fieldOf(record, 'kornak'));
  return {
    ...(fieldOf(record, 'checkpoint_after_promote') === false ? { checkpointAfterPromote: false } : {}),
    ...(tags === undefined ? {} : { tags }),
    ...(fieldOf(record, 'pending_restart') === true ? { pendingRestart: true } : {}),
    ...(pendingRestartReason === undefined ? {} : { pendingRestartReason }),
    ...(scheduledRestart === undefined ? {} : { scheduledRestart }),
    ...(fieldOf(record, 'pause') === true ? { pause: true } : {}),
    ...(kornak === undefined ? {} : { kornak }),
  };
}

/** Whatever JSON can say is a tag's value. */
function isJsonMap(value: unknown): value is Tags {
  return isRecord(value);
}

function jsonMap(record: JsonRecord, name: string): Tags | undefined {
  const value = fieldOf(record, name);
  return isJsonMap(value) ? value : undefined;
}

const UNFIT: readonly UnfitKind[] = ['hung', 'stalled', 'readOnly', 'full', 'failing'];

function kornakFields(told: KornakCapabilities | undefined): Readonly<Record<string, unknown>> | undefined {
  if (told === undefined) return undefined;
  const { protocol, can, unfit, walFreeMiB, unfenced, synchronousCommit, healing, catalogXmins } = told;
  return {
    protocol,
    can,
    unfit,
    wal_free_mib: walFreeMiB,
    unfenced,
    synchronous_commit: synchronousCommit,
    healing,
    catalog_xmin: catalogXmins,
  };
}

function capabilitiesFrom(value: unknown): KornakCapabilities | undefined {
  if (!isRecord(value)) return undefined;
  const protocol = countField(value, 'protocol');
  const can = fieldOf(value, 'can');
  if (protocol === undefined || !Array.isArray(can)) return undefined;
  const unfit = UNFIT.find((kind) => kind === textField(value, 'unfit'));
  const walFreeMiB = countField(value, 'wal_free_mib');
  const unfenced = countField(value, 'unfenced');
  const synchronousCommit = textField(value, 'synchronous_commit');
  const healing = healingFrom(fieldOf(value, 'healing'));
  const catalogXmins = xminsFrom(fieldOf(value, 'catalog_xmin'));
  return {
    protocol,
    can: can.filter((what) => typeof what === 'string'),
    ...(unfit === undefined ? {} : { unfit }),
    ...(walFreeMiB === undefined ? {} : { walFreeMiB }),
    ...(unfenced === undefined ? {} : { unfenced }),
    ...(synchronousCommit === undefined ? {} : { synchronousCommit }),
    ...(healing === undefined ? {} : { healing }),
    ...(catalogXmins === undefined ? {} : { catalogXmins }),
  };
}

function xminsFrom(value: unknown): KornakCapabilities['catalogXmins'] {
  if (!isRecord(value)) return undefined;
  const xmins = Object.entries(value).flatMap(([name, xmin]) => {
    const count = countFrom(xmin);
    return count === undefined ? [] : [[name, count] as const];
  });
  return Object.fromEntries(xmins);
}

function healingFrom(value: unknown): KornakCapabilities['healing'] {
  if (!isRecord(value)) return undefined;
  const [rung, why] = [textField(value, 'rung'), textField(value, 'why')];
  return rung === undefined || why === undefined ? undefined : { rung, why, tries: countField(value, 'tries') ?? 1 };
}

function urlFromParts(parts: unknown): string | undefined {
  if (!isRecord(parts)) return undefined;
  const host = textField(parts, 'host');
  if (host === undefined) return undefined;
  const port = fieldOf(parts, 'port');
  const database = textField(parts, 'dbname') ?? textField(parts, 'database') ?? 'postgres';
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return `postgres://${bracketed}:${typeof port === 'number' || typeof port === 'string' ? port : 5432}/${database}`;
}

/** Before its values were JSON, Patroni wrote the connection's URL, with the API's as application_name. */
function decodeLegacyUrl(text: string): Decoded<MemberData> {
  const [connUrl = '', query = ''] = text.split('?', 2);
  const pair = query.split('&').find((part) => part.startsWith('application_name='));
  const apiUrl = pair === undefined ? undefined : unescaped(pair.slice('application_name='.length));
  return { value: { ...NO_MEMBER_DATA, connUrl, apiUrl } };
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
