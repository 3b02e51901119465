import { CommanderError } from 'commander';
import { ownVersion } from './own-version.ts';
import { ctlProgram } from './program.ts';
import { RealTerminal } from './real-terminal.ts';
import { Aborted, Refusal } from './refusal.ts';
import type { Terminal } from './terminal.ts';

/** Runs kornakctl. 0: done, also where the REST API refused. 1: an error, or nobody answered a prompt. 2: wrong usage. */
export async function main(argv: readonly string[]): Promise<number> {
  const terminal = new RealTerminal();
  let exitCode = 0;
  const program = ctlProgram({
    terminal,
    ownVersion,
    open: async ({ configFile, dcsUrl, dcs, insecure, strictExit }) => {
      const [{ loadCtlConfig }, { realSession }] = await Promise.all([
        import('./ctl-config.ts'),
        import('./real-session.ts'),
      ]);
      const config = await loadCtlConfig(
        { configFile, dcsUrl: dcs ?? dcsUrl, isInsecure: insecure === true },
        process.env,
      );
      return realSession(config, terminal, strictExit === true);
    },
    done: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, terminal);
  } finally {
    terminal.close();
  }
}

/** Says what there is to say, once. Throws on what is a mistake in the program. */
export function exitCodeOf(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Aborted) {
    terminal.talk(error.message === '' ? 'Aborted!' : `Aborted! (${error.message})`);
    return 1;
  }
  if (error instanceof Refusal) {
    terminal.talk(`Error: ${error.message}`);
    return 1;
  }
  throw error;
}
