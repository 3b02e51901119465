import { hostPortText, isLoopback, isWildcard } from './address.ts';
import type { Path } from './finding.ts';
import type { HostPort } from './local-config.ts';
import { refuse, type Report, warn } from './report.ts';

/** What the other members are told: the address given, or the one listened on where that is one address. */
export function settledConnectAddress(
  given: HostPort | undefined,
  listen: HostPort,
  path: Path,
  report: Report,
): HostPort {
  const address = given ?? listen;
  if (isWildcard(address.host)) {
    const reason =
      given === undefined ? 'is required where listen is no single address' : 'is no address of one machine';
    refuse(report, {
      path,
      reason,
      remedy: `name this machine as the others reach it, for example 10.0.0.1:${listen.port}`,
    });
  } else if (given === undefined) {
    warn(report, { path, reason: `is not given; ${hostPortText(address)} from listen is used` });
  } else if (isLoopback(address.host)) {
    warn(report, { path, reason: 'leads each other machine to itself; good only for a cluster on one machine' });
  }
  return address;
}
