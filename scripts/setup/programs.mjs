// Finds the programs that Kornak runs but does not bring along.
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const postgresTools = ['postgres', 'initdb', 'pg_ctl', 'pg_basebackup', 'pg_rewind', 'pg_controldata'];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function pathFolders() {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** The folders of packaged PostgreSQLs, which are not on PATH, the newest major version first. */
function packagedFolders() {
  const versions = (parent, pattern) => {
    try {
      return readdirSync(parent).flatMap((name) => {
        const major = pattern.exec(name)?.[1];
        return major === undefined ? [] : [{ major: Number(major), folder: join(parent, name, 'bin') }];
      });
    } catch {
      return [];
    }
  };
  const found = [...versions('/usr/lib/postgresql', /^(\d+)$/), ...versions('/usr', /^pgsql-(\d+)$/)];
  return found.toSorted((a, b) => b.major - a.major).map(({ folder }) => folder);
}

/** What of PostgreSQL is missing in the folder that has most of it; nothing when one folder has it all. */
function missingPostgresTools() {
  const lacking = [...packagedFolders(), ...pathFolders()].map((folder) =>
    postgresTools.filter((tool) => !isExecutable(join(folder, tool))),
  );
  return lacking.reduce((least, tools) => (tools.length < least.length ? tools : least), postgresTools);
}

/** The programs that are not here, each with what it is part of. */
export function missingPrograms() {
  const etcd = pathFolders().some((folder) => isExecutable(join(folder, 'etcd'))) ? [] : ['etcd'];
  return { postgres: missingPostgresTools(), etcd };
}
