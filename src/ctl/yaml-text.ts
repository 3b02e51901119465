import { stringify } from 'yaml';

/** Block style with sorted keys, as Patroni's tools print it. Ends in a line break. */
export function yamlBlock(value: unknown): string {
  return stringify(value, { ...READABLE, sortMapEntries: true });
}

/** Several lines without the last line break; keys as they come. */
export function yamlLines(value: unknown): string {
  return stringify(value, READABLE).trimEnd();
}

/** One line, such as `{clonefrom: true, zone: a}`. */
export function yamlFlow(value: unknown): string {
  return stringify(value, {
    ...READABLE,
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
  }).trimEnd();
}

/** 1.1, so that words such as on and yes are quoted where they are texts. Lists stand at the level of their key. */
const READABLE = {
  version: '1.1',
  lineWidth: 200,
  indentSeq: false,
  nullStr: 'null',
  singleQuote: true,
  aliasDuplicateObjects: false,
} as const;
