import { isSettingMap, type SettingMap } from './read-settings.ts';

/** Whether the document says that this cluster follows another one. */
export function isStandbyCluster(document: SettingMap): boolean {
  const section = Object.hasOwn(document, 'standby_cluster') ? document['standby_cluster'] : undefined;
  return isSettingMap(section) && ['host', 'port', 'restore_command'].some((key) => Boolean(section[key]));
}
