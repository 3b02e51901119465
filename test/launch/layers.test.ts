import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildScratchHouse, layers, type ScratchHouse } from './scratch-house.ts';

/** The arrows of the architecture: who may import whom. */
const mayImport: Record<string, readonly string[]> = {
  core: [],
  ports: ['core'],
  runtime: ['core', 'ports'],
  store: ['core', 'ports'],
  postgres: ['core', 'ports'],
  guard: [],
  config: ['core', 'ports'],
  api: ['core', 'ports'],
  agent: ['core', 'ports', 'runtime', 'store', 'postgres', 'guard', 'config', 'api'],
  ctl: ['core', 'store', 'api', 'config'],
  demo: ['ctl'],
  sim: ['core', 'ports', 'runtime'],
};
const pure = ['core', 'ports', 'runtime', 'sim'];

let house: ScratchHouse;

beforeEach(() => {
  house = buildScratchHouse();
});

afterEach(() => {
  house.remove();
});

test('every folder of src has its arrows here', () => {
  expect([...layers()].toSorted()).toEqual(Object.keys(mayImport).toSorted());
});

test('imports go along the arrows and no other way', () => {
  const forbidden: string[] = [];
  for (const from of layers()) {
    house.write(`src/${from}/model/thing.ts`, 'export const thing = 1;\n');
    for (const to of layers().filter((other) => other !== from)) {
      const path = `src/${from}/uses-${to}.ts`;
      house.write(path, `import { thing } from '../${to}/model/thing.ts';\n\nexport const twice = thing * 2;\n`);
      if (mayImport[from]?.includes(to) !== true) forbidden.push(`${path}: no-restricted-imports`);
    }
  }
  expect([...house.lint()].toSorted()).toEqual(forbidden.toSorted());
});

test('the guard brings no package along', () => {
  house.write('src/guard/good.ts', "export { join } from 'node:path';\n");
  house.write('src/guard/bad.ts', "export { z } from 'zod';\n");
  expect(house.lint()).toEqual(['src/guard/bad.ts: no-restricted-imports']);
});

test('the compiler by itself refuses an import of a folder that is not referenced', () => {
  house.write('src/store/thing.ts', 'export const thing = 1;\n');
  house.write('src/core/bad.ts', "export { thing } from '../store/thing.ts';\n");
  expect(house.compile().join('\n')).toMatch(/^src\/core\/bad\.ts.*error TS(6059|6307)/m);
});

test.each(['ports', 'config', 'api', 'ctl'])('%s sees the model and not how decisions are made', (layer) => {
  house.write('src/core/decide/thing.ts', 'export const thing = 1;\n');
  house.write(`src/${layer}/bad.ts`, "export { thing } from '../core/decide/thing.ts';\n");
  expect(house.lint()).toEqual([`src/${layer}/bad.ts: no-restricted-imports`]);
});

describe.each(pure)('%s', (layer) => {
  test.each([
    { name: 'process', code: 'export const x = process.pid;' },
    { name: 'a timer', code: 'export const x = setTimeout(() => 1, 1);' },
    { name: 'fetch', code: "export const x = fetch('http://localhost');" },
    { name: 'the console', code: "console.log('x');\nexport {};" },
    { name: 'a node module', code: "export { readFileSync } from 'node:fs';" },
  ])('does not compile with $name', ({ code }) => {
    house.write(`src/${layer}/bad.ts`, `${code}\n`);
    expect(house.compile().join('\n')).toMatch(new RegExp(`^src/${layer}/bad\\.ts.*error TS`, 'm'));
  });

  test('may not tell the time, roll dice or use a package', () => {
    house.write(`src/${layer}/date.ts`, 'export const now = (): number => Date.now();\n');
    house.write(`src/${layer}/dice.ts`, 'export const roll = (): number => Math.random();\n');
    house.write(`src/${layer}/package.ts`, "export { z } from 'zod';\n");
    expect([...house.lint()].toSorted()).toEqual([
      `src/${layer}/date.ts: no-restricted-globals`,
      `src/${layer}/dice.ts: no-restricted-properties`,
      `src/${layer}/package.ts: no-restricted-imports`,
    ]);
  });
});

test.each([
  { rule: 'no-floating-promises', code: 'export function go(): void {\n  Promise.resolve(1);\n}' },
  { rule: 'no-explicit-any', code: 'export type Anything = any;' },
  { rule: 'eqeqeq', code: 'export const same = (a: number, b: number): boolean => a == b;' },
  { rule: 'no-default-export', code: 'export default 1;' },
])('the linter knows the types: $rule', ({ rule, code }) => {
  house.write('src/agent/bad.ts', `${code}\n`);
  expect(house.lint()).toContain(`src/agent/bad.ts: ${rule}`);
});
