// `npm run docs:decisions`: writes docs/explain/decisions.md from the rules and the table of decisions. `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const page = resolve(root, 'docs/explain/decisions.md');
const load = (file) => import(pathToFileURL(resolve(root, 'src/core/decide', file)).href);

const SERVERS = {
  primary: 'PostgreSQL is a primary',
  standby: 'PostgreSQL is a standby',
  starting: 'PostgreSQL is coming up',
  silent: 'PostgreSQL runs and does not answer',
  down: 'PostgreSQL does not run',
  empty: 'the data directory is empty',
  unfinished: 'the data directory is half made',
  foreign: 'the data directory holds something else',
  unreadable: 'the data directory cannot be read',
};
const LEADS = {
  held: 'this member leads',
  named: 'the store names this member, without a lease here',
  other: 'another member leads',
  nobody: 'nobody leads',
  unknown: 'the store does not answer',
};

function text({ RULES }, { ANYWHERE, DECISION_TABLE }) {
  const lines = [
    '# Which rule decides',
    '',
    'The core asks its rules in the order of the first list; the first that matches decides. The second list has, for every situation that',
    'an agent can be in, the rules that may decide there. `kornakctl explain` names the rule of the last decision. Written by',
    '`npm run docs:decisions`.',
    '',
    '## The rules in their order',
    '',
    ...RULES.map(({ id, title }) => `- \`${id}\` ${title}`),
    '',
    `These may decide wherever they match, and are not repeated below: ${[...ANYWHERE].join(' ')}.`,
  ];
  for (const [mode, servers] of Object.entries(DECISION_TABLE)) {
    lines.push('', `## Mode: ${mode}`);
    for (const [server, leads] of Object.entries(servers)) {
      lines.push('', `### ${SERVERS[server]}`, '');
      for (const [lead, rules] of Object.entries(leads))
        lines.push(`- ${LEADS[lead]}: ${rules.join(' ') || 'only those'}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const wanted = text(await load('decide.ts'), await load('decision-table.ts'));
if (!process.argv.includes('--check')) writeFileSync(page, wanted);
else if (readFileSync(page, 'utf8') !== wanted) {
  console.error('docs/explain/decisions.md is behind the rules: npm run docs:decisions');
  process.exit(1);
}
