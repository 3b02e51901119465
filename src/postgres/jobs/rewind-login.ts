import type { Login } from '../options.ts';
import type { JobContext } from './job-context.ts';

export function rewindLogin(context: JobContext): Login {
  const { rewind: login, superuser } = context.options;
  return login !== undefined && context.binaries.majorVersion >= 11 ? login : superuser;
}
