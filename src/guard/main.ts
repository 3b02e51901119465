// The guard: told a data directory and a deadline, it kills PostgreSQL there unless the deadline is moved in time. It asks
// nobody, needs no network, and imports nothing of ours outside this folder. Usage: main.js DATA_DIR STATE_DIR
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { DeadlineWatch } from './deadline-watch.ts';
import { takeLock } from './exclusive-lock.ts';
import { findPrey, killRound } from './kill-directory.ts';
import { openQuietLog } from './quiet-log.ts';
import { SocketServer } from './socket-server.ts';
import { leaveStandbySignal } from './standby-signal.ts';
import { openUptimeClock, uptimeStepMs } from './uptime-clock.ts';

const aloneMsMax = 60_000;
const idleCheckMs = 5_000;

function main(dataDir: string, stateDir: string): void {
  const log = openQuietLog();
  const lock = takeLock(join(stateDir, 'guard.lock'));
  if (lock.kind !== 'taken') {
    log(lock.kind === 'held' ? `another guard (pid ${lock.byPid}) watches ${dataDir}` : `no lock: ${lock.why}`);
    process.exitCode = 1;
    return;
  }
  // Not the directory of whoever started us: it may be one that we are to clear, or one to be unmounted.
  process.chdir('/');
  raisePriority();
  const nowMs = openUptimeClock();
  const rehearse = (prey: Parameters<typeof findPrey>[0]): void => void findPrey(prey);
  const watch = new DeadlineWatch({
    dataDir,
    nowMs,
    clockLagMs: uptimeStepMs,
    killRound,
    rehearse,
    leaveStandbySignal,
    log,
  });
  const server = new SocketServer(watch, dataDir, nowMs);
  surviveWhileArmed(watch, log);
  server.listen(
    stateDir,
    () => log(`watches ${dataDir}`),
    (error) => {
      log(`cannot listen: ${error.message}`);
      if (watch.isIdle) process.exit(1);
    },
  );
  setInterval(() => {
    watch.check();
    if (watch.isIdle && server.aloneMs() >= aloneMsMax) process.exit(0);
  }, idleCheckMs);
}

/** The last to be killed and the first to run. Refused without the rights to it, which is no reason to stop. */
function raisePriority(): void {
  for (const score of ['-900', '-1000']) attempt(() => writeFileSync('/proc/self/oom_score_adj', score));
  attempt(() => setPriority(-10));
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Not allowed.
  }
}

function surviveWhileArmed(watch: DeadlineWatch, log: (text: string) => void): void {
  // Unheeded, SIGUSR1 would open Node's debugger on a port, and the others would end us.
  for (const name of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPIPE'] as const)
    process.on(name, () => watch.check());
  for (const name of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    process.on(name, () => {
      watch.check();
      if (watch.isIdle) process.exit(0);
      log(`${name} ignored while armed`);
    });
  }
  process.on('uncaughtException', (error) => {
    watch.check();
    log(`unexpected: ${error.stack ?? error.message}`);
  });
}

const [dataDir, stateDir] = process.argv.slice(2);
if (dataDir === undefined || stateDir === undefined) {
  process.stderr.write('usage: main.js DATA_DIR STATE_DIR\n');
  process.exitCode = 2;
} else {
  main(dataDir, stateDir);
}
