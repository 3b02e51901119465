import { decodeDynamicConfig } from '../../core/settings/dynamic-config.ts';
import { mergePatch } from '../../core/settings/merge-patch.ts';
import { newRefusals } from '../../core/settings/new-refusals.ts';
import { settingProblemToText } from '../../core/settings/setting-problem.ts';
import { tooManyStandbys } from '../../core/settings/too-many-standbys.ts';
import type { SettingMap } from '../../core/settings/read-settings.ts';
import { firstFew } from '../../config/first-few.ts';
import { unusedDynamicKeys } from '../../config/unused-dynamic-keys.ts';
import { mapFromYaml, withPair } from '../config-change.ts';
import { namedCluster } from '../named-cluster.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { Terminal } from '../terminal.ts';
import { unifiedDiff } from '../unified-diff.ts';
import { yamlBlock } from '../yaml-text.ts';

export interface EditConfigOptions {
  readonly cluster: string | undefined;
  /** No diff. */
  readonly isQuiet: boolean;
  readonly isForced: boolean;
  /** `PATH=VALUE`, from the top of the document. */
  readonly pairs: readonly string[];
  /** Files; `-` is stdin. */
  readonly replaceFile: string | undefined;
  readonly applyFile: string | undefined;
}

/** Changes the dynamic configuration in the store, unless somebody else changes it meanwhile. */
export async function editConfig(options: EditConfigOptions, session: Session): Promise<number> {
  const { terminal, dcs } = session;
  const cluster = namedCluster(options.cluster, session);
  const { view } = await dcs.read(cluster);
  const { raw, revision } = view.config;
  if (raw === undefined) throw new Refusal(`The config key does not exist in the cluster ${cluster}`);
  const changed = await changedConfig(raw, options, terminal);
  const diff = unifiedDiff(yamlBlock(raw), yamlBlock(changed));
  if (diff.length === 0) {
    terminal.out('Not changed');
    return 0;
  }
  if (!options.isQuiet) await terminal.page(diff.join('\n'));
  const { config, problems } = decodeDynamicConfig(changed);
  const refusals = newRefusals(raw, changed);
  if (refusals.length > 0) throw new Refusal(`Not changed: ${refusals.join('; ')}`);
  const tooMany = tooManyStandbys(config, view.members);
  const warnings = [
    ...firstFew(problems.map(settingProblemToText), (count) => `and ${count} more values that cannot be used`),
    ...unusedDynamicKeys(changed),
    ...(tooMany === undefined ? [] : [tooMany]),
  ];
  for (const warning of warnings) terminal.talk(`Warning: ${warning}`);
  // Whoever pipes the change in cannot be asked by the same way.
  if (!options.isForced && [options.replaceFile, options.applyFile].includes('-')) {
    terminal.out('Use --force option to apply changes');
    return 0;
  }
  if (!options.isForced && !(await terminal.confirm('Apply these changes?'))) return 0;
  await dcs.writeConfig(cluster, changed, revision);
  terminal.out('Configuration changed');
  return 0;
}

async function changedConfig(raw: SettingMap, options: EditConfigOptions, terminal: Terminal): Promise<SettingMap> {
  const { replaceFile, applyFile, pairs } = options;
  if (replaceFile === undefined && applyFile === undefined && pairs.length === 0)
    return mapFromYaml(await terminal.edit(yamlBlock(raw), 'config.yaml'), 'the edited configuration');
  const read = async (file: string): Promise<SettingMap> => mapFromYaml(await terminal.read(file), file);
  const base = replaceFile === undefined ? raw : await read(replaceFile);
  const merged = applyFile === undefined ? base : mergePatch(base, await read(applyFile)).value;
  return pairs.reduce(withPair, merged);
}
