// Hosts with addresses of their own on one machine: a network namespace each, joined by a bridge in one more.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Host {
  readonly address: string;
  readonly namespace: string;
}

/** Why namespaces cannot be made here; undefined: they can. */
export function namespacesMissing(): string | undefined {
  const probe = `kornak-probe-${process.pid}`;
  try {
    execFileSync('ip', ['netns', 'add', probe], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', probe], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `network namespaces cannot be made: ${String(error)}`;
  }
}

export class Network {
  readonly hosts: readonly Host[];
  readonly #switch: string;
  readonly #started: ChildProcess[] = [];

  private constructor(name: string, hosts: readonly Host[]) {
    this.#switch = `${name}-sw`;
    this.hosts = hosts;
  }

  /** `addresses` are of one /24 network. */
  static async create(name: string, addresses: readonly string[]): Promise<Network> {
    const network = new Network(
      name,
      addresses.map((address, index) => ({ address, namespace: `${name}-${index}` })),
    );
    await ip('netns', 'add', network.#switch);
    await ip('-n', network.#switch, 'link', 'add', 'br0', 'type', 'bridge');
    await ip('-n', network.#switch, 'link', 'set', 'br0', 'up');
    for (const [index, host] of network.hosts.entries()) await network.#join(host, `p${index}`);
    return network;
  }

  async #join({ namespace, address }: Host, port: string): Promise<void> {
    await ip('netns', 'add', namespace);
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', this.#switch);
    await ip('-n', this.#switch, 'link', 'set', port, 'master', 'br0', 'up');
    await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  }

  /** Unplugs the cable of a host from the switch, or plugs it in again. */
  async setCable(host: Host, isPlugged: boolean): Promise<void> {
    await ip('-n', this.#switch, 'link', 'set', `p${this.hosts.indexOf(host)}`, isPlugged ? 'up' : 'down');
  }

  /** Takes down the interface of a host itself, or brings it up again: programs see errors where a cable leaves silence. */
  async setInterface(host: Host, isUp: boolean): Promise<void> {
    await ip('-n', host.namespace, 'link', 'set', 'eth0', isUp ? 'up' : 'down');
  }

  /** Starts a program on a host, with a private view of the file system in which `mounts` (from → to) are bound. */
  start(
    host: Host,
    command: readonly string[],
    log: string,
    mounts: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const binds = Object.entries(mounts)
      .map(([from, to]) => `mount --bind '${from}' '${to}' && `)
      .join('');
    const out = openSync(log, 'a');
    const child = spawn('ip', ['netns', 'exec', host.namespace, 'sh', '-c', `${binds}exec "$@"`, 'sh', ...command], {
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    this.#started.push(child);
    return child;
  }

  /** Runs a program on a host to its end. */
  async run(
    host: Host,
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    return await new Promise((done) => {
      execFile(
        'ip',
        ['netns', 'exec', host.namespace, ...command],
        { env: { ...process.env, ...env }, timeout: 120_000 },
        (error, stdout, stderr) => {
          done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
        },
      );
    });
  }

  /** Ends everything that runs in the namespaces, and removes them. */
  async remove(): Promise<void> {
    for (const namespace of [...this.hosts.map((host) => host.namespace), this.#switch]) {
      const { stdout } = await run('ip', ['netns', 'pids', namespace]).catch(() => ({ stdout: '' }));
      for (const pid of stdout.split('\n').filter(Boolean).map(Number)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has gone by itself.
        }
      }
      await ip('netns', 'del', namespace).catch(() => undefined);
    }
  }
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args);
}
