// @ts-check
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { child } from '../children/child.mjs'
import { NAMES } from '../contenders/index.mjs'
import { diskBytes } from '../disk.mjs'
import { GitSessionStore, importClaudeCode } from '../forkpoint.mjs'
import { p50, time } from '../statistics.mjs'

const FOLDER = fileURLToPath(new URL('../../../shared/transcripts/claude-code', import.meta.url))

/** @type {import('./row.mjs').Row} */
export const transcripts = {
  name: 'transcripts',
  about: 'real sessions: import, size on disk, load, and the same turns saved by every contender',
  async run({ quick, folder, say }) {
    if (!existsSync(FOLDER))
      return { measures: [], notes: [`Skipped: there are no transcripts in ${FOLDER}.`] }
    const largest = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => ({ file: join(FOLDER, name), size: statSync(join(FOLDER, name)).size }))
      .sort((a, b) => b.size - a.size)
      .slice(0, quick ? 1 : 3)
    const measures = []
    for (const [index, { file, size }] of largest.entries())
      measures.push(...(await one(index, file, size, { quick, folder, say })))
    return {
      measures,
      notes: [
        'Every contender receives messages with parts as one JSON string. The charts of disk space show generated sessions.',
      ],
    }
  },
}

/** @param {number} index @param {string} file @param {number} size @param {import('./row.mjs').Bench} bench */
async function one(index, file, size, { quick, folder, say }) {
  const name = basename(file, '.jsonl')
  say(`importing ${name}`)
  const place = folder(`import-${index}`)
  const store = new GitSessionStore(place)
  let result = /** @type {Awaited<ReturnType<typeof importClaudeCode>> | undefined} */ (undefined)
  const took = await time(async () => {
    result = await importClaudeCode(file, store)
  })
  await store.close()
  const imported = /** @type {NonNullable<typeof result>} */ (result)
  const before = diskBytes(place)
  const fresh = new GitSessionStore(place)
  const loads = []
  for (let i = 0; i < 5; i++) loads.push(await time(() => fresh.load(imported.session)))
  const turns = await turnsOf(fresh, imported.session)
  await fresh.maintain()
  await fresh.close()
  const label = `${name.slice(0, 13)}, ${imported.turns} turns`
  return [
    { what: `import ${label}, per turn`, unit: 'ms', forkpoint: took / imported.turns },
    {
      what: `import ${label}, disk as saved`,
      unit: 'bytes',
      forkpoint: before,
      peers: { 'the .jsonl': size },
    },
    {
      what: `import ${label}, disk after maintain`,
      unit: 'bytes',
      forkpoint: diskBytes(place),
      peers: { 'the .jsonl': size },
    },
    { what: `import ${label}, load of the newest`, unit: 'ms', forkpoint: p50(loads) },
    ...(await again(index, label, turns, { quick, folder, say })),
  ]
}

/** The messages that each checkpoint added. @param {GitSessionStore} store @param {string} session */
async function turnsOf(store, session) {
  const state = await store.load(session)
  const turns = []
  for await (const { messages } of store.log(session)) {
    const added = messages === undefined ? [] : (state?.messages.slice(messages.from, messages.to + 1) ?? [])
    if (added.length > 0)
      turns.push(
        added.map(({ id, role, content, parts, createdAt }) => ({
          id,
          role,
          content: parts === undefined ? content : JSON.stringify(parts),
          createdAt,
        })),
      )
  }
  return turns.reverse()
}

/** @param {number} index @param {string} label @param {unknown[]} turns @param {import('./row.mjs').Bench} bench */
async function again(index, label, turns, { folder, say }) {
  const file = join(folder(`again-${index}`), 'turns.json')
  writeFileSync(file, JSON.stringify(turns))
  /** @type {Record<string, number>} */
  const saves = {}
  /** @type {Record<string, number>} */
  const sizes = {}
  for (const key of ['append', 'raw', 'json', 'sqlite', 'isomorphic', 'git']) {
    say(`${label}, again by ${NAMES[key]}`)
    const place = folder(`again-${index}-${key}`)
    const { samples } = await child('save', { contender: key, folder: place, file })
    saves[/** @type {string} */ (NAMES[key])] = p50(samples)
    sizes[/** @type {string} */ (NAMES[key])] = diskBytes(place)
  }
  const split = ({ forkpoint = Number.NaN, ...peers }) => ({ forkpoint, peers })
  return [
    { what: `${label} saved again, p50`, unit: 'ms', ...split(saves) },
    { what: `${label} saved again, disk`, unit: 'bytes', ...split(sizes) },
  ]
}
