// @ts-check
/**
 * npm run test:large [-- --items 1000000 --batch 200 --folder <path>]
 *
 * One session of a million messages: appended in batches, some of the first and the last hundred one by one; then
 * loaded and compared, added to and verified, each in a process of its own. Prints what each of them took.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildIfStale, ROOT } from './build.mjs'

const SESSION = 'large'
const SAMPLE = 100
const TIME = '2026-01-01T00:00:00.000Z'
const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000' },
    batch: { type: 'string', default: '200' },
    folder: { type: 'string' },
    step: { type: 'string' },
  },
})
const items = Number(values.items)
const steps = { append, load, again, verify }

if (values.step === undefined) main()
else await steps[/** @type {keyof typeof steps} */ (values.step)](String(values.folder))

function main() {
  buildIfStale()
  const folder = values.folder ?? mkdtempSync(join(ROOT, '.large-'))
  try {
    for (const step of Object.keys(steps)) {
      const script = fileURLToPath(import.meta.url)
      const words = ['--step', step, '--folder', folder, '--items', values.items, '--batch', values.batch]
      const { status } = spawnSync(process.execPath, [script, ...words], { stdio: 'inherit' })
      if (status !== 0) process.exitCode = 1
    }
  } finally {
    if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} folder */
async function append(folder) {
  const { newSession, store } = await opened(folder)
  await store.save(newSession(SESSION, { createdAt: TIME, updatedAt: TIME }))
  let next = 0
  const add = async (/** @type {number} */ count) => {
    const messages = Array.from({ length: count }, () => message(next++))
    return store.append(SESSION, { messages })
  }
  const oneByOne = async (/** @type {string} */ which) => {
    const times = []
    const before = process.cpuUsage()
    for (let n = 0; n < SAMPLE; n++) {
      const start = performance.now()
      await add(1)
      times.push(performance.now() - start)
    }
    const { user, system } = process.cpuUsage(before)
    times.sort((a, b) => a - b)
    const cost = {
      'p50 ms': /** @type {number} */ (times[SAMPLE / 2]),
      'p95 ms': /** @type {number} */ (times[SAMPLE * 0.95]),
      'ms of CPU': (user + system) / 1000 / SAMPLE,
      'new bytes': newBytes(folder),
    }
    print(`append 1, the ${which} ${SAMPLE}`, cost)
    return cost
  }
  // Meet code that is not compiled yet.
  for (let n = 0; n < SAMPLE; n++) await add(1)
  const first = await oneByOne('first')
  const start = performance.now()
  let least = 0
  while (next < items - SAMPLE) {
    const before = performance.now()
    await add(Math.min(Number(values.batch), items - SAMPLE - next))
    if (next < items / 10) least = performance.now() - before
  }
  print(`append in batches of ${values.batch}`, {
    s: (performance.now() - start) / 1000,
    'ms at a tenth': least,
  })
  const last = await oneByOne('last')
  print('the last beside the first', {
    'times at p50': last['p50 ms'] / first['p50 ms'],
    'times the CPU': last['ms of CPU'] / first['ms of CPU'],
    'times the bytes': last['new bytes'] / first['new bytes'],
  })
  await store.close()
}

/** @param {string} folder */
async function load(folder) {
  const { store } = await opened(folder)
  const state = await timed('load, fresh process', () => store.load(SESSION))
  const { messages } = /** @type {{ messages: { id: string, content: string }[] }} */ (state)
  if (messages.length !== items)
    throw new Error(`The session has ${messages.length} messages, and not ${items}.`)
  for (const [n, { id, content }] of messages.entries()) {
    const said = message(n)
    if (id !== said.id || content !== said.content) throw new Error(`Message ${n} is not as it was appended.`)
  }
  await timed('load the last 20', () => store.load(SESSION, { last: 20 }))
  await store.close()
}

/** @param {string} folder */
async function again(folder) {
  const { store } = await opened(folder)
  await timed('first append without an id, fresh process', () =>
    store.append(SESSION, { set: { title: 'Large' } }),
  )
  await timed('first append with an id, fresh process', () =>
    store.append(SESSION, { messages: [message(items - 1)] }),
  )
  await store.close()
}

/** @param {string} folder */
async function verify(folder) {
  const { store } = await opened(folder)
  const { problems } = await timed('verify, fresh process', () => store.verify())
  if (problems.length > 0) throw new Error(JSON.stringify(problems.slice(0, 3)))
  await store.close()
}

/** @param {string} folder */
async function opened(folder) {
  const { GitSessionStore, newSession } = await import('../dist/index.js')
  return { newSession, store: new GitSessionStore(folder) }
}

/** @param {number} n */
function message(n) {
  const role = /** @type {'user' | 'assistant'} */ (n % 2 === 0 ? 'user' : 'assistant')
  return { id: `m${n}`, role, content: `What was said in message ${n}. `.repeat(6), createdAt: TIME }
}

/** How many bytes of objects, uncompressed, the newest checkpoint brought. @param {string} folder */
function newBytes(folder) {
  const git = (/** @type {string[]} */ words, /** @type {string} */ input = '') =>
    execFileSync('git', [`--git-dir=${folder}`, ...words], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  const tip = `${SESSION}/main`
  const ids = git(['rev-list', '--objects', '--no-object-names', tip, `^${tip}~1`])
  const sizes = git(['cat-file', '--batch-check=%(objectsize)'], ids)
  return sizes.split('\n').reduce((sum, size) => sum + Number(size), 0)
}

/**
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 */
async function timed(name, work) {
  const start = performance.now()
  const before = process.cpuUsage()
  const result = await work()
  const s = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  print(name, { s, 's of CPU': (user + system) / 1e6, 'peak MB': process.resourceUsage().maxRSS / 1024 })
  return result
}

/**
 * @param {string} name
 * @param {Record<string, number | undefined>} figures
 */
function print(name, figures) {
  const shown = Object.entries(figures).map(([unit, value]) => `${round(value ?? Number.NaN)} ${unit}`)
  console.log(`${name.padEnd(44)} ${shown.join(', ')}`)
}

/** @param {number} value */
function round(value) {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}
