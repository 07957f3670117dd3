// @ts-check
/** The contenders by key; a process loads only the one it measures. */

/** @typedef {import('./contender.mjs').Contender} Contender */

/** @type {Record<string, () => Promise<Contender>>} */
const CONTENDERS = {
  append: async () => (await import('./forkpoint.mjs')).forkpointAppend,
  save: async () => (await import('./forkpoint.mjs')).forkpointSave,
  raw: async () => (await import('./raw.mjs')).raw,
  rawAsync: async () => (await import('./raw.mjs')).rawAsync,
  sharedLog: async () => (await import('./shared-log.mjs')).sharedLog,
  json: async () => (await import('./json-file.mjs')).jsonFile,
  table: async () => (await import('./sqlite.mjs')).sqlite,
  tableBatches: async () => (await import('./sqlite.mjs')).sqliteBatches,
  lmdb: async () => (await import('./lmdb.mjs')).lmdb,
  level: async () => (await import('./level.mjs')).level,
  sqlite: async () => (await import('./langgraph-sqlite.mjs')).langgraphSqlite,
  isomorphic: async () => (await import('./isomorphic-git.mjs')).isomorphicGit,
  git: async () => (await import('./native-git.mjs')).nativeGit,
}

/** @param {string} key */
export async function contender(key) {
  const load = CONTENDERS[key]
  if (load === undefined) throw new TypeError(`There is no contender '${key}'`)
  return load()
}

/** How tables and curves name them. @type {Record<string, string>} */
export const NAMES = {
  append: 'forkpoint',
  save: 'forkpoint save(state)',
  raw: 'raw append',
  rawAsync: 'raw (promises)',
  sharedLog: 'shared log',
  json: 'JSON file',
  table: 'SQLite',
  tableBatches: 'SQLite in batches',
  lmdb: 'LMDB',
  level: 'classic-level',
  sqlite: 'SqliteSaver',
  isomorphic: 'isomorphic-git',
  git: 'git',
}
