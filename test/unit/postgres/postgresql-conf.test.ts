import { expect, test } from 'vitest';
import { confLine, confText, recoveryLinesOf, withoutSettings } from '../../../src/postgres/postgresql-conf.ts';

const conf = {
  include: 'postgresql.base.conf',
  parameters: [
    ['work_mem', '4MB'],
    ['a.b', "it's"],
  ] as const,
};

test('ours goes after what it includes, sorted and quoted', () => {
  const lines = confText({ ...conf, recoveryLines: [] })
    .split('\n')
    .filter((line) => !line.startsWith('#') && line !== '');
  expect(lines).toEqual(["include 'postgresql.base.conf'", "a.b = 'it''s'", "work_mem = '4MB'"]);
});

test('the recovery block is read back as it was written', () => {
  const recoveryLines = [
    confLine('primary_conninfo', String.raw`host=h passfile=/a\ b`),
    confLine('primary_slot_name', ''),
  ];
  expect(recoveryLinesOf(confText({ ...conf, recoveryLines }))).toEqual(recoveryLines);
  expect(recoveryLinesOf(confText({ ...conf, recoveryLines: [] }))).toEqual([]);
  expect(recoveryLinesOf("primary_conninfo = 'of somebody else'\n")).toEqual([]);
});

test('only what is unwanted leaves postgresql.auto.conf', () => {
  const text = "# primary_conninfo\n  Primary_Conninfo = 'x'\nwork_mem = '1MB'\n\nprimary_conninfo_x = 1\n";
  const isUnwanted = (name: string): boolean => name.toLowerCase() === 'primary_conninfo';
  expect(withoutSettings(text, isUnwanted)).toBe("# primary_conninfo\nwork_mem = '1MB'\n\nprimary_conninfo_x = 1\n");
});
