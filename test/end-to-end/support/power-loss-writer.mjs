/**
 * A process that works in a store with others, and writes down what it was promised:
 * `node power-loss-writer.mjs <store> <notes> <name> <milliseconds> <seed> <plain|maintain>`.
 *
 * A line when it begins something and one when that has been acknowledged, or refused, each with one call to the kernel.
 */
import { openSync, writeSync } from 'node:fs'
import { GitSessionStore, newMessage, newSession } from '../../../dist/index.js'

const [, , folder, notes, name, milliseconds, seed, mode] = process.argv
const file = openSync(notes, 'a')
const note = (line) => writeSync(file, `${JSON.stringify(line)}\n`)

let state = (Number(seed) * 7919 + name.charCodeAt(0)) >>> 0
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const pick = (values) => values[Math.floor(random() * values.length)]

// It works for seconds only: without this, no chapter of the journal would end beside a save.
const { setTimeout: later } = globalThis
globalThis.setTimeout = (work, delay, ...rest) => later(work, delay === 1000 ? 20 : delay, ...rest)

let store = new GitSessionStore(folder)
let count = 0

/** `what`: the thing that is set, and the value that it gets. `work` may return an id, and `undefined` for "there was nothing to do". */
async function promise(what, value, work) {
  const n = `${name}${count++}`
  note({ n, begins: what, value })
  try {
    const result = await work()
    note({ n, ends: true, ...(result !== undefined && { id: result }) })
  } catch (error) {
    note({ n, ends: false })
    if (!EXPECTED.has(error.code)) note({ error: String(error.stack ?? error) })
  }
}
const EXPECTED = new Set(['NOT_FOUND', 'CONFLICT', 'ALREADY_EXISTS', 'LOCKED'])

const message = () => ({
  messages: [newMessage('user', `${name} ${count} ${'word '.repeat(random() < 0.05 ? 20_000 : 60)}`)],
})

const append = (session, branch) =>
  store
    .append(session, message(), { branch })
    .catch((error) => {
      if (error.code !== 'NOT_FOUND' || branch !== 'main') throw error
      return store.save({ ...newSession(session), ...message() })
    })
    .then(({ id }) => id)

const save = (session) => promise(`${session}/main`, 'there', () => append(session, 'main'))
const remove = (what, session, options) =>
  promise(what, 'gone', async () => void (await store.delete(session, options)))
const fork = (session, branch) =>
  promise(`${session}/${branch}`, 'there', async () => (await store.fork(session, { branch })).id)
const switchTo = (branch) => promise('active two', branch, () => store.switch('two', branch))
const tag = (name) => promise(`tag ${name}`, 'there', async () => void (await store.tag('two', name)))

/** The same few, again and again: made, deleted by anybody, and made again. */
const transient = () => pick(['x', 'y', 'z'])

async function reopen() {
  await store.close()
  store = new GitSessionStore(folder)
}

/** Settles nothing for a while, though others do. */
const sleepOverAll = () =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200 + random() * 1500)

async function maintain() {
  try {
    await store.maintain({ purge: random() < 0.3 })
  } catch (error) {
    if (!EXPECTED.has(error.code)) note({ error: String(error.stack ?? error) })
  }
}

/** How often, and what. */
const works = [
  [8, () => save(pick(['one', 'two']))],
  [4, () => save(`own-${name}`)],
  [5, () => save(transient())],
  [4, () => ((session) => remove(`${session}/main`, session))(transient())],
  [3, () => fork('one', 'try')],
  [3, () => remove('one/try', 'one', { branch: 'try' })],
  [1, () => fork('two', 'side')],
  [4, () => switchTo(pick(['main', 'side']))],
  [2, () => tag(pick(['a', 'b']))],
  [2, () => ((name) => remove(`tag ${name}`, 'two', { tag: name }))(pick(['a', 'b']))],
  [1, sleepOverAll],
  [2, () => new Promise((resolve) => setTimeout(resolve, random() * 200))],
  [mode === 'maintain' ? 1 : 0, maintain],
].flatMap(([often, work]) => Array(often).fill(work))

const end = Date.now() + Number(milliseconds)
while (Date.now() < end) {
  // Often: each time leaves a pack, and packs have to become many enough to be merged, and merged again.
  if (random() < 0.2) await reopen()
  else if (random() < 0.3) await Promise.all([pick(works)(), pick(works)(), pick(works)()])
  else await pick(works)()
}
if (random() < 0.5) await store.close()
process.exit(0)
