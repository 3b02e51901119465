/** Stable name of a rule: a letter for the situation, two digits for the order in it. Never reused. */
export type RuleId = string & { readonly __rule?: never };
