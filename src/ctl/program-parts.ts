import type { Command } from 'commander';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

export interface GlobalOptions {
  readonly configFile?: string;
  readonly dcsUrl?: string;
  /** The same, by its older name. */
  readonly dcs?: string;
  readonly insecure?: boolean;
  readonly strictExit?: boolean;
}

export interface ProgramParts {
  readonly terminal: Terminal;
  readonly ownVersion: () => string;
  readonly open: (options: GlobalOptions) => Promise<Session>;
  /** Called with the exit code of the command that ran. */
  readonly done: (exitCode: number) => void;
}

/** Runs a command on a session that the global options lead to. */
export function on<Args extends unknown[]>(
  program: Command,
  { open, done }: ProgramParts,
  run: (session: Session, ...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    const session = await open(program.opts<GlobalOptions>());
    done(await run(session, ...args));
  };
}
