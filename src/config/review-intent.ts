// Settings that are valid and yet do not do what their author must have meant by them, with the form that would.
import { tagConflict } from '../core/model/tags.ts';
import { leaderTtlProblem } from '../core/settings/leader-ttl.ts';
import { controlledParameter, isFixedParameter } from '../core/settings/controlled-parameters.ts';
import { mapAt, valueAt } from './config-document.ts';
import type { LocalConfig } from './local-config.ts';
import { refuse, type Report, warn } from './report.ts';

export function reviewIntent(config: LocalConfig, report: Report): void {
  reviewParameters(config, report);
  reviewRestoreCommand(config, report);
  reviewRewindUser(config, report);
  reviewBootstrap(config, report);
  reviewSynchronousMode(config, report);
  reviewPriorityTags(report);
  reviewLeaderTtl(config, report);
}

/** Against the ttl of this file: what /config has by now, only the agent sees, and then the shorter one holds. */
function reviewLeaderTtl({ kornak, bootstrap }: LocalConfig, report: Report): void {
  if (kornak.leaderTtlMs === undefined || bootstrap === undefined) return;
  const reason = leaderTtlProblem(kornak.leaderTtlMs, bootstrap.dynamic.ttlMs);
  if (reason !== undefined) refuse(report, { path: ['kornak', 'leader_ttl'], reason });
}

/** How to change the shared configuration from a shell. */
function patchConfig(config: LocalConfig, patch: unknown): string {
  const { apiUrl, authentication } = config.restapi;
  const user = authentication === undefined ? '' : ` -u ${authentication.username}`;
  return `PATCH /config: curl${user} -X PATCH -d '${JSON.stringify(patch)}' ${apiUrl.replace(/\/patroni$/, '/config')}`;
}

function reviewParameters(config: LocalConfig, report: Report): void {
  for (const [name, value] of Object.entries(config.postgresql.parameters)) {
    const path = ['postgresql', 'parameters', name];
    const rule = controlledParameter(name);
    if (isFixedParameter(name)) warn(report, { path, reason: 'has no effect: postgresql.listen and scope set it' });
    if (rule === undefined) continue;
    const text = rule.read(value);
    const refused = text === undefined ? `; there too it must be ${rule.accepted}` : '';
    const patch = { postgresql: { parameters: { [rule.name]: asNumber(text ?? rule.fallback) } } };
    warn(report, {
      path,
      reason: `has no effect in the file of one member: the cluster shares it, ${rule.fallback} unless /config has it${refused}`,
      remedy: patchConfig(config, patch),
    });
  }
}

function asNumber(text: string): string | number {
  return /^[0-9]+$/.test(text) ? Number(text) : text;
}

function reviewRestoreCommand(config: LocalConfig, report: Report): void {
  if (config.postgresql.recoveryConf['restore_command'] === undefined) return;
  const parameters = { ...config.bootstrap?.dynamic.parameters, ...config.postgresql.parameters };
  const isArchived = ['archive_command', 'archive_library'].some((name) => Boolean(parameters[name]));
  const archive = isArchived ? '' : ', and nothing in this file fills the archive that it reads';
  warn(report, {
    path: ['postgresql', 'recovery_conf'],
    reason: `restore_command is used only while this member follows another one, for WAL the primary no longer has${archive}; it restores no backup`,
    ...(isArchived ? {} : { remedy: 'set archive_mode: on and archive_command under postgresql.parameters' }),
  });
}

function reviewRewindUser(config: LocalConfig, report: Report): void {
  const { usePgRewind, rewind, superuser } = config.postgresql;
  const isUsed = usePgRewind ?? config.bootstrap?.dynamic.usePgRewind ?? false;
  if (!isUsed || rewind !== undefined) return;
  warn(report, {
    path:
      usePgRewind === undefined ? ['bootstrap', 'dcs', 'postgresql', 'use_pg_rewind'] : ['postgresql', 'use_pg_rewind'],
    reason: `there is no role for pg_rewind, so it connects as the superuser ${superuser.username}`,
    remedy: 'add postgresql.authentication.rewind with username and password',
  });
}

function reviewBootstrap(config: LocalConfig, report: Report): void {
  if (config.bootstrap !== undefined) return;
  warn(report, {
    path: ['bootstrap'],
    reason: 'is not there, so this agent joins a cluster but never makes one by itself',
    remedy: `kornakctl -c FILE bootstrap ${config.scope} makes the cluster, or a section bootstrap: {dcs: {}} in this file`,
  });
}

/** Only where nobody has said anything about it: an asynchronous cluster may be what is wanted. */
function reviewSynchronousMode(config: LocalConfig, report: Report): void {
  if (config.bootstrap !== undefined && Object.hasOwn(config.bootstrap.dcs, 'synchronous_mode')) return;
  if (valueAt(report.document, ['synchronous_mode']) !== undefined) return;
  warn(report, {
    path: ['synchronous_mode'],
    reason: 'is off unless /config has it: a failover may then lose the last commits',
    remedy: `to lose none, ${patchConfig(config, { synchronous_mode: true })}`,
  });
}

function reviewPriorityTags(report: Report): void {
  const tags = mapAt(report.document, ['tags']);
  for (const [flag, priority] of [
    ['nofailover', 'failover_priority'],
    ['nosync', 'sync_priority'],
  ] as const) {
    const reason = tagConflict(tags, flag, priority);
    if (reason !== undefined) warn(report, { path: ['tags', priority], reason });
  }
}
