import { defineConfig } from 'vitest/config';

/** For `npm run test:rules`: the rule with this id never applies. */
const withoutRule = process.env['KORNAK_WITHOUT_RULE'];
const ruleRemoval = {
  name: 'without-rule',
  enforce: 'pre' as const,
  transform: (code: string, id: string) =>
    withoutRule !== undefined && id.includes('/src/core/decide/rules-')
      ? code.replace(new RegExp(`(\\{\\s*id: '${withoutRule}',[^{}]*?match: )[\\w.]+`), '$1() => undefined')
      : undefined,
};

/** One project per kind of test, because each may take another time: see the scripts of package.json. */
const project = (name: string, timeoutMs: number, isolate = true) => ({
  plugins: [ruleRemoval],
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: 'node' as const,
    isolate,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    teardownTimeout: 30_000,
    // The names of cases in a table are cut off beyond this: nobody would find a test by its name.
    chaiConfig: { truncateThreshold: 200 },
  },
});

export default defineConfig({
  test: {
    projects: [
      // Files that change nothing outside of themselves share what they load: loading it again cost more than the tests.
      project('unit', 20_000, false),
      project('property', 30_000, false),
      project('sim', 120_000),
      project('launch', 60_000),
      project('contract', 60_000),
      project('integration', 240_000),
    ],
  },
});
