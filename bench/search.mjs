// @ts-check
/**
 * How long a search through many sessions takes: `node bench/search.mjs [megabytes] [folder]`. Makes a store of so many
 * megabytes of messages (default 1000) unless the folder has one, then searches it in a fresh process: for a word that
 * nothing has, one that a single old message has, and one that many have.
 */
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GitSessionStore, newMessage, newSession } from '../dist/index.js'

const [megabytes = '1000', given] = process.argv.slice(2)
const MESSAGE = 4096
const PER_SAVE = 100
const SAVES = 5
const NEEDLE = 'quetzalcoatlus'

if (process.send !== undefined) await searchIn(given ?? '')
else {
  const own = given === undefined ? mkdtempSync(join(tmpdir(), 'forkpoint-search-')) : undefined
  const folder = join(given ?? own ?? '', 'sessions')
  try {
    if (!existsSync(folder)) await make(folder, Number(megabytes) * 1e6)
    await new Promise((resolve, reject) =>
      fork(import.meta.filename, [megabytes, folder])
        .once('error', reject)
        .once('exit', resolve),
    )
  } finally {
    if (own !== undefined) rmSync(own, { recursive: true, force: true })
  }
}

/** @param {string} folder @param {number} bytes */
async function make(folder, bytes) {
  const start = performance.now()
  const store = new GitSessionStore(folder)
  const words = Array.from({ length: 8000 }, (_, n) => ((n * 2654435761) % 2 ** 32).toString(36))
  let seed = 1
  const next = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31)
  /** @param {number} length */
  const text = (length) => {
    let said = ''
    while (said.length < length) said += `${words[next() % words.length]} `
    return said
  }
  const sessions = Math.ceil(bytes / (MESSAGE * PER_SAVE * SAVES))
  for (let session = 0; session < sessions; session++) {
    const id = `session-${session}`
    await store.save(
      newSession(id, { messages: [newMessage('user', session === 0 ? `the ${NEEDLE}` : 'hello')] }),
    )
    for (let save = 0; save < SAVES; save++) {
      const messages = Array.from({ length: PER_SAVE }, (_, n) =>
        newMessage(n % 2 === 0 ? 'user' : 'assistant', text(MESSAGE)),
      )
      await store.append(id, { messages })
    }
  }
  await store.maintain()
  await store.close()
  console.log(`${sessions} sessions, ${(bytes / 1e6).toFixed(0)} MB of messages, made in ${seconds(start)} s`)
}

/** @param {string} folder */
async function searchIn(folder) {
  const store = new GitSessionStore(folder)
  for (const [about, word, most] of /** @type {const} */ ([
    ['a word that nothing has', 'brontosaurus', Number.POSITIVE_INFINITY],
    ['a word of the oldest message', NEEDLE, Number.POSITIVE_INFINITY],
    ['the first of many', 'hello', 1],
  ])) {
    const [start, before] = [performance.now(), process.cpuUsage()]
    let [found, first] = [0, 0]
    for await (const _ of store.search([word])) {
      if (++found === 1) first = performance.now() - start
      if (found >= most) break
    }
    const { user, system } = process.cpuUsage(before)
    const memory = (process.resourceUsage().maxRSS / 1024).toFixed(0)
    console.log(
      `${about}: ${found} found, ${seconds(start)} s (CPU ${((user + system) / 1e6).toFixed(1)} s, first after ${(first / 1000).toFixed(2)} s, peak memory ${memory} MB)`,
    )
  }
  await store.close()
}

/** @param {number} start */
function seconds(start) {
  return ((performance.now() - start) / 1000).toFixed(1)
}
