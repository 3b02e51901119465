// The words of the demo: what a script says and what each key of the live view stands for.

export const FAULTS = ['kill-leader', 'kill-postgres', 'kill-agent', 'freeze-leader'] as const;

export type Fault = (typeof FAULTS)[number];

export type Action =
  { readonly kind: Fault | 'switchover' | 'restore' | 'quit' } | { readonly kind: 'wait'; readonly seconds: number };

export type ParsedScript =
  { readonly kind: 'script'; readonly actions: readonly Action[] } | { readonly kind: 'invalid'; readonly why: string };

const PLAIN_WORDS = [...FAULTS, 'switchover', 'restore', 'quit'] as const;
const WAIT_SECONDS_MAX = 86_400;

/** Statements are separated by semicolons: `wait 5; kill-leader; wait 10; quit`. */
export function parseScript(text: string): ParsedScript {
  const statements = text.split(/[;\n]/).map((statement) => statement.trim());
  const actions: Action[] = [];
  for (const statement of statements.filter((words) => words !== '')) {
    const action = parseStatement(statement);
    if (action === undefined) return { kind: 'invalid', why: `"${statement}" is none of: ${knownWords()}` };
    actions.push(action);
  }
  const end = actions.findIndex(({ kind }) => kind === 'quit');
  if (end !== -1 && end !== actions.length - 1) return { kind: 'invalid', why: 'nothing can follow "quit"' };
  return { kind: 'script', actions };
}

export function actionText(action: Action): string {
  return action.kind === 'wait' ? `wait ${action.seconds}` : action.kind;
}

function parseStatement(statement: string): Action | undefined {
  const seconds = /^wait\s+(\d+(?:\.\d+)?)$/.exec(statement)?.[1];
  if (seconds !== undefined) return waitFor(Number(seconds));
  const kind = PLAIN_WORDS.find((word) => word === statement);
  return kind === undefined ? undefined : { kind };
}

function waitFor(seconds: number): Action | undefined {
  return seconds <= WAIT_SECONDS_MAX ? { kind: 'wait', seconds } : undefined;
}

function knownWords(): string {
  return [...PLAIN_WORDS, 'wait SECONDS'].join(', ');
}
