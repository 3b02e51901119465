// A change of leaders, link by link: one line each.
import type { FailoverChain, Link } from '../core/explain/failover-chain.ts';

const NAME_WIDTH = 12;

export function chainLines({ links, totalMs, longest }: FailoverChain): readonly string[] {
  const memberWidth = Math.max(2, ...links.map(({ member }) => member.length));
  const head = `${'link'.padEnd(NAME_WIDTH)}  ${'at'.padEnd(12)}  ${'after'.padStart(10)}  ${'on'.padEnd(memberWidth)}  rule`;
  const total = links.length < 2 ? [] : [`From the first to the last link: ${seconds(totalMs)}`];
  const worst = longest === undefined ? [] : [`Longest: ${longest.from} to ${longest.to}, ${seconds(longest.ms)}`];
  return [head, ...links.map((link) => lineOf(link, memberWidth)), ...total, ...worst, ...clockLine(links)];
}

function lineOf({ name, wallMs, member, rule, text, afterMs }: Link, memberWidth: number): string {
  const after = afterMs === undefined ? '' : `${afterMs < 0 ? '' : '+'}${seconds(afterMs)}`;
  const at = new Date(wallMs).toISOString().slice(11, 23);
  return `${name.padEnd(NAME_WIDTH)}  ${at}  ${after.padStart(10)}  ${member.padEnd(memberWidth)}  ${rule.padEnd(4)}  ${text}`;
}

function clockLine(links: readonly Link[]): readonly string[] {
  const clocks = [...new Set(links.map(({ member }) => member))];
  return clocks.length < 2
    ? []
    : [`Times are UTC by the clocks of ${clocks.join(' and ')}: between them, as good as those agree`];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

/** For `--format json`. */
export function chainFields(chain: FailoverChain): Readonly<Record<string, unknown>> {
  const { leader, previous, timeline, links, totalMs, longest } = chain;
  return {
    leader,
    previous: previous ?? null,
    timeline: timeline ?? null,
    links: links.map((link) => ({
      link: link.name,
      at: new Date(link.wallMs).toISOString(),
      after_ms: link.afterMs === undefined ? null : Math.round(link.afterMs),
      member: link.member,
      rule: link.rule,
      text: link.text,
    })),
    total_ms: Math.round(totalMs),
    longest: longest === undefined ? null : { ...longest, ms: Math.round(longest.ms) },
  };
}
