import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { isWildcard } from './address.ts';
import type { CheckOptions, Observed } from './check-environment.ts';
import type { HostPort, LocalConfig } from './local-config.ts';

const CONNECT_WAIT_MS = 2000;

/** Whether the ports to listen on are free, and etcd answers. */
export async function checkAddresses(
  config: LocalConfig,
  { ignoresPorts }: Pick<CheckOptions, 'ignoresPorts'>,
): Promise<readonly Observed[]> {
  const etcd = checkEtcd(config);
  if (ignoresPorts) return etcd;
  const observed = await Promise.all([checkRestapi(config), checkPostgresql(config), etcd]);
  return observed.flat();
}

async function checkRestapi({ restapi }: LocalConfig): Promise<readonly Observed[]> {
  return checkListen(['restapi', 'listen'], restapi.listen);
}

/** The port may be taken by the very server that the agent is to take over. */
async function checkPostgresql({ postgresql }: LocalConfig): Promise<readonly Observed[]> {
  if (await hasLivePostmaster(postgresql.dataDir)) return [];
  const addresses = postgresql.listenAddresses.split(',');
  const checked = addresses.map((host) => checkListen(['postgresql', 'listen'], { host, port: postgresql.port }));
  return (await Promise.all(checked)).flat();
}

async function hasLivePostmaster(dataDir: string): Promise<boolean> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // Another user's process may not be signalled, and so it is there.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

async function checkListen(path: readonly string[], { host, port }: HostPort): Promise<readonly Observed[]> {
  const code = await bindError({ host, port });
  if (code === undefined) return [];
  const at = { path, value: `${host}:${port}` };
  if (code === 'EADDRINUSE') {
    const remedy = `stop what listens there (ss -ltnp 'sport = :${port}' shows it), or choose another port`;
    return [{ ...at, reason: 'the port is in use', remedy, severity: 'error' }];
  }
  if (code === 'EACCES') return [{ ...at, reason: 'this user may not listen on the port', severity: 'error' }];
  return [{ ...at, reason: `is no address of this machine (${code})`, severity: 'unreachable' }];
}

/** Listens for a moment. The error's code, or undefined where it went well. */
function bindError({ host, port }: HostPort): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown error'));
    const where = isWildcard(host) && !host.includes('.') ? { port } : { port, host };
    server.listen({ ...where, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function checkEtcd({ etcd }: LocalConfig): Promise<readonly Observed[]> {
  const problems = await Promise.all(etcd.endpoints.map(etcdProblem));
  return etcd.endpoints.flatMap((endpoint, index) => {
    const problem = problems[index];
    if (problem === undefined) return [];
    const remedy = 'start etcd there, correct the address, or open the way to it';
    const reason = `etcd does not answer (${problem})`;
    return [{ path: ['etcd3'], value: endpoint, reason, remedy, severity: 'unreachable' as const }];
  });
}

/** Only a connection is tried where certificates are needed for more. */
async function etcdProblem(endpoint: string): Promise<string | undefined> {
  const refused = await connectError(endpoint);
  if (refused !== undefined || !endpoint.startsWith('http:')) return refused;
  try {
    const answer = await fetch(`${endpoint}/version`, { signal: AbortSignal.timeout(CONNECT_WAIT_MS) });
    return (await answer.text()).includes('etcdserver') ? undefined : 'what answers there is not etcd';
  } catch {
    return 'no answer in time, or not by HTTP';
  }
}

function connectError(endpoint: string): Promise<string | undefined> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port || '80') });
    const finish = (code: string | undefined): void => {
      socket.destroy();
      resolve(code);
    };
    socket.setTimeout(CONNECT_WAIT_MS, () => finish('no answer in time'));
    socket.once('connect', () => finish(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'unknown error'));
  });
}
