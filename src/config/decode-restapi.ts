import { hostPortText } from './address.ts';
import { settledConnectAddress } from './connect-address.ts';
import type { RestapiConfig } from './local-config.ts';
import type { Report } from './report.ts';
import type { LocalSchema } from './schema.ts';

export function decodeRestapi(input: LocalSchema['restapi'], report: Report): RestapiConfig {
  const connectAddress = settledConnectAddress(
    input.connect_address,
    input.listen,
    ['restapi', 'connect_address'],
    report,
  );
  const scheme = input.certfile === undefined ? 'http' : 'https';
  return {
    listen: input.listen,
    connectAddress,
    apiUrl: `${scheme}://${hostPortText(connectAddress)}/patroni`,
    authentication: input.authentication,
    tls:
      input.certfile === undefined
        ? undefined
        : { certFile: input.certfile, keyFile: input.keyfile, keyPassword: input.keyfile_password },
  };
}
