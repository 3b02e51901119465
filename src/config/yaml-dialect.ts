import { type DocumentOptions, type ParseOptions, type ScalarTag, type SchemaOptions, type Tags } from 'yaml';

// Patroni's files are read by a YAML 1.1 loader whose plain scalars are narrower than YAML 1.1's: `y` and `n` are text, so are
// `1e3`, `089` and `.`, and a date stays the text it was. `on` and `off` are booleans and `0644` is octal.

/** A scalar that tells one of the library's rules, and the pattern that rule gets here; undefined: the rule is dropped. */
const NARROWED: readonly { readonly sample: string; readonly pattern: RegExp | undefined }[] = [
  { sample: 'y', pattern: /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/ },
  { sample: 'n', pattern: /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/ },
  { sample: '9', pattern: /^[-+]?(?:0|[1-9][0-9_]*)$/ },
  { sample: '1e3', pattern: /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)[eE][-+][0-9]+$/ },
  { sample: '.', pattern: /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)$/ },
  { sample: '1:30', pattern: /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/ },
  { sample: '2001-01-01', pattern: undefined },
];

function narrowed(tags: Tags): Tags {
  return tags.flatMap((tag) => {
    const test = typeof tag === 'string' ? undefined : tag.test;
    const rule = test === undefined ? undefined : NARROWED.find(({ sample }) => test.test(sample));
    if (rule === undefined || typeof tag === 'string') return [tag];
    if (rule.pattern === undefined) return [];
    const scalar: ScalarTag = { ...(tag as ScalarTag), test: rule.pattern };
    return [scalar];
  });
}

/** `prettyErrors` would quote the source, and with it perhaps a password. */
export const YAML_DIALECT: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
  customTags: narrowed,
};
