/** What a command begins with to run as an ordinary user: the account `postgres` where we are root, else ourselves. */
export const AS_POSTGRES: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
