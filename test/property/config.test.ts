import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatFinding } from '../../src/config/finding.ts';
import { decodeFiles } from '../../src/config/load.ts';
import { readYaml } from '../../src/config/yaml-file.ts';
import { decodeDynamicConfig } from '../../src/core/settings/dynamic-config.ts';
import { mergePatch } from '../../src/core/settings/merge-patch.ts';
import { isSettingMap } from '../../src/core/settings/read-settings.ts';
import { serverParameters } from '../../src/core/settings/server-parameters.ts';

const GUIDE = readFileSync(new URL('../fixtures/guide/patroni.yml', import.meta.url), 'utf8');

/** Pieces that mean something to YAML or to the configuration. */
const PIECES = `
|  |- |: |[|]|{|}|&a |*a|<<: |!!binary |%|@|"|'|>|#|null|on|0644|1:30|.|~|__proto__|constructor|\t|\0|---
|...
|?`.split('|');
const piece = fc.constantFrom(...PIECES, '|');

const mutation = fc.record({ at: fc.nat(GUIDE.length), drop: fc.nat(12), put: fc.oneof(piece, fc.string()) });

function mutated(text: string, { at, drop, put }: { at: number; drop: number; put: string }): string {
  return text.slice(0, at) + put + text.slice(at + drop);
}

test('a mutated file is accepted, or refused with a reason on one line', () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const { config, findings } = decodeFiles([readYaml(mutations.reduce(mutated, GUIDE), 'f.yml')], {});
      const errors = findings.filter(({ severity }) => severity === 'error');
      expect(config === undefined).toBe(errors.length > 0);
      expect(findings.map(formatFinding).filter((line) => line.includes('\n'))).toEqual([]);
    }),
    { numRuns: 1500 },
  );
});

test('a file with anything at the place of any value never throws', () => {
  const base = readYaml(GUIDE, 'f.yml').map ?? {};
  const paths = pathsOf(base);
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const patch = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
      const map = mergePatch(base, isSettingMap(patch) ? patch : {}).value;
      const loaded = decodeFiles([{ map, places: new Map(), findings: [] }], {});
      expect(loaded.findings.length).toBeGreaterThan(0);
    }),
    { numRuns: 1000 },
  );
});

function pathsOf(map: Readonly<Record<string, unknown>>): readonly (readonly string[])[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const inner = isSettingMap(value) ? pathsOf(value).map((path) => [key, ...path]) : [];
    return [[key], ...inner];
  });
}

const DYNAMIC_KEYS =
  'ttl loop_wait retry_timeout maximum_lag_on_failover synchronous_mode synchronous_node_count pause primary_start_timeout postgresql kornak __proto__';
const dynamicKey = fc.constantFrom(...DYNAMIC_KEYS.split(' '));

const dynamicDocument = fc.oneof(fc.anything(), fc.dictionary(dynamicKey, fc.anything()));

test('any dynamic configuration gives timings that fit each other', () => {
  fc.assert(
    fc.property(dynamicDocument, (document) => {
      const { config } = decodeDynamicConfig(document);
      expect(config.loopWaitMs + 2 * config.retryTimeoutMs).toBeLessThanOrEqual(config.ttlMs);
      expect(config.loopWaitMs).toBeGreaterThanOrEqual(1000);
      expect(config.retryTimeoutMs).toBeGreaterThanOrEqual(3000);
      expect(config.ttlMs).toBeGreaterThanOrEqual(20_000);
      expect(config.leaderTtlMs).toBeGreaterThanOrEqual(2000);
      expect(config.synchronousNodeCount).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 1000 },
  );
});

test('timings that fit already are left alone', () => {
  const seconds = fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 3, max: 100 }), fc.nat(100));
  fc.assert(
    fc.property(seconds, ([loopWait, retryTimeout, spare]) => {
      const ttl = Math.max(20, loopWait + 2 * retryTimeout + spare);
      const { config, warnings } = decodeDynamicConfig({ ttl, loop_wait: loopWait, retry_timeout: retryTimeout });
      expect([config.ttlMs, config.loopWaitMs, config.retryTimeoutMs]).toEqual(
        [ttl, loopWait, retryTimeout].map((s) => s * 1000),
      );
      expect(warnings).toEqual([]);
    }),
  );
});

test('no parameter carries a line break or a name that is none into postgresql.conf', () => {
  const parameters = fc.dictionary(fc.string(), fc.anything());
  const fixed = { listenAddresses: '*', port: 5432, clusterName: 'c', majorVersion: 15 };
  fc.assert(
    fc.property(parameters, parameters, (local, dynamic) => {
      for (const { name, text } of serverParameters(local, { parameters: dynamic }, fixed).parameters.values()) {
        expect(name).toMatch(/^[A-Za-z_][\w$.]*$/);
        expect(text).not.toMatch(/[\n\r\0]/);
      }
    }),
    { numRuns: 500 },
  );
});

test('a patch applied twice changes nothing the second time', () => {
  const document = fc.dictionary(fc.string({ maxLength: 2 }), fc.jsonValue({ maxDepth: 2 }));
  fc.assert(
    fc.property(document, document, (target, patch) => {
      const once = mergePatch(target, patch).value;
      const nullsBelow = JSON.stringify(patch).includes('null');
      if (!nullsBelow) expect(mergePatch(once, patch)).toEqual({ value: once, changed: false });
    }),
  );
});
