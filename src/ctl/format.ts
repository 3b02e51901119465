export const FORMATS = ['pretty', 'tsv', 'json', 'yaml', 'yml'] as const;

/** How tables are printed. */
export type Format = (typeof FORMATS)[number];
