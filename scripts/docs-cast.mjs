// Writes docs/start/demo.svg, the picture of the README: runs the scripted demo in a terminal of its own and draws the
// last picture that it leaves there. Nothing in it is made up, so run it again after a change of what the demo shows.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const target = join(root, 'docs/start/demo.svg');
const story = 'wait 4; kill-leader; wait 10; restore; wait 8; quit';
const columns = 104;
const rows = 38;
/** What the demo writes when it gives the terminal back. */
const leave = '\u001B[?1049l';

const colours = { 31: '#f47067', 32: '#57ab5a', 33: '#c69026', 36: '#39c5cf' };
const cell = { width: 8.4, height: 18, margin: 16 };

/** Everything written to a terminal of that size. The program `script` of util-linux provides one. */
function runInTerminal(command) {
  const child = spawn('script', ['-qefc', `stty rows ${rows} cols ${columns}; exec ${command}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color' },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (status) => {
      child.stdin.end();
      if (status === 0) done(text);
      else fail(new Error(`the demo ended with ${status}:\n${text.slice(-2_000)}`));
    });
  });
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Follows the colours that a line switches on and off. */
function spansOf(line) {
  const style = { colour: undefined, bold: false, dim: false };
  const spans = [];
  for (const part of `0m${line}`.split('\u001B[')) {
    const codesEnd = part.indexOf('m');
    const text = part.slice(codesEnd + 1);
    for (const code of part.slice(0, codesEnd).split(';').map(Number)) {
      if (code === 0) Object.assign(style, { colour: undefined, bold: false, dim: false });
      if (code === 1) style.bold = true;
      if (code === 2) style.dim = true;
      if (code === 22) Object.assign(style, { bold: false, dim: false });
      if (code === 39) style.colour = undefined;
      if (code in colours) style.colour = colours[code];
    }
    if (text !== '') spans.push({ ...style, text });
  }
  return spans;
}

function spanMarkup({ text, colour, bold, dim }) {
  const attributes = [
    colour === undefined ? '' : ` fill="${colour}"`,
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.6"' : '',
  ];
  return `<tspan${attributes.join('')}>${escaped(text)}</tspan>`;
}

function picture(lines) {
  const width = Math.round(columns * cell.width + 2 * cell.margin);
  const height = lines.length * cell.height + 2 * cell.margin;
  const texts = lines.map((line, index) => {
    const y = cell.margin + (index + 0.75) * cell.height;
    return `  <text xml:space="preserve" x="${cell.margin}" y="${y}">${spansOf(line).map(spanMarkup).join('')}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The demo after a failover">`,
    '  <style>text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #cdd9e5; white-space: pre }</style>',
    `  <rect width="${width}" height="${height}" rx="8" fill="#1c2128" />`,
    ...texts,
    '</svg>',
    '',
  ].join('\n');
}

const command = `${process.execPath} ${join(root, 'bin/kornak')} demo --script "${story}"`;
const written = await runInTerminal(command);
const left = written.slice(written.lastIndexOf(leave) + leave.length);
const lines = left
  .replaceAll('\r', '')
  .split('\n')
  .filter((line) => !line.includes('stopping everything'));
while (lines.at(-1)?.trim() === '') lines.pop();
mkdirSync(join(root, 'docs/start'), { recursive: true });
writeFileSync(target, picture(lines));
console.log(`${target} shows: ${lines.at(-1)}`);
