/** What our children must not inherit: our own settings with their secrets, and libpq's variables, which would redirect the tools. */
const HIDDEN = /^(PATRONI_|KORNAK_|KUBERNETES_|NOTIFY_SOCKET$|PG_?[A-Z])/;

export function childEnvironment(
  own: Readonly<NodeJS.ProcessEnv>,
  changesUser: boolean,
  added: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => !HIDDEN.test(name) && !name.startsWith('LC_'));
  const env: NodeJS.ProcessEnv = { ...Object.fromEntries(kept), LC_ALL: 'C.UTF-8' };
  if (own['PG_MALLOC_ARENA_MAX'] !== undefined) env['MALLOC_ARENA_MAX'] = own['PG_MALLOC_ARENA_MAX'];
  // libpq refuses TLS when it may not look for certificates in the home it is told; without a name it finds its own.
  if (changesUser) for (const name of ['HOME', 'USER', 'LOGNAME', 'MAIL', 'XDG_RUNTIME_DIR']) delete env[name];
  return { ...env, ...added };
}
