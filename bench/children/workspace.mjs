// @ts-check
/**
 * Turns of an agent in a project of many files, with a snapshot each.
 *
 * Task: `{ project, folder, turns }`: a project that is there, and an empty folder. Answer: milliseconds of each save, and the
 * longest stall of the event loop in it, less the time that other processes had the CPU, how much of it was garbage
 * collection, and the CPU time of the turn of the event loop that took the most: `{ first, unchanged, changed, plain }`,
 * each a list of `{ wall, stall, garbage, cpu }`.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { appender } from '../contenders/forkpoint.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { fileOf } from '../project.mjs'
import { time } from '../statistics.mjs'
import { turns as turnsOf } from '../workload.mjs'
import { answer, task } from './child.mjs'
import { cpuTimes } from './cpu-wait.mjs'

const { project, folder, turns } = task()
process.env.XDG_CACHE_HOME = join(folder, 'cache')
const store = new GitSessionStore(join(folder, 'store'))
const files = store.files(project)
const { handle } = await appender(store, 'demo')
const messages = turnsOf({ bytes: 1500 })

let [last, times, longest, busiest, ticking] = [0, cpuTimes(), 0, 0, true]
/** The turn of the event loop that was the longest stall. */
let stalled = { from: 0, to: 0 }
/** @type {{ startTime: number, duration: number }[]} */
const collections = []
new PerformanceObserver((list) => collections.push(...list.getEntries())).observe({ entryTypes: ['gc'] })
tick()
const first = await measured(1, (turn) => handle.append(turn, { files }))
// Files that were read in the instant they were written are read once more.
await new Promise((resolve) => setTimeout(resolve, 3000))
await handle.append({ messages: messages.next().value }, { files })
const unchanged = await measured(turns, (turn) => handle.append(turn, { files }))
let edits = 0
const changed = await measured(
  turns,
  (turn) => handle.append(turn, { files }),
  () => {
    for (let n = 0; n < 3; n++) appendFileSync(join(project, fileOf(edits * 3 + n)), `// edit ${edits}\n`)
    edits++
  },
)
const plain = await measured(turns, (turn) => handle.append(turn))
ticking = false
await store.close()
// The last collections are reported a moment later.
await new Promise((resolve) => setTimeout(resolve, 20))
const [withFirst, withUnchanged, withChanged, withPlain] = [first, unchanged, changed, plain].map(withGarbage)
answer({ first: withFirst, unchanged: withUnchanged, changed: withChanged, plain: withPlain })

/**
 * @param {number} count
 * @param {(turn: { messages: import('../../dist/index.js').Message[] }) => Promise<unknown>} save
 * @param {() => void} [before]
 */
async function measured(count, save, before = () => {}) {
  const samples = []
  for (let n = 0; n < count; n++) {
    before()
    // Making the messages is not forkpoint's work.
    const turn = { messages: messages.next().value }
    await new Promise(setImmediate)
    last = performance.now()
    times = cpuTimes()
    longest = 0
    busiest = 0
    stalled = { from: last, to: last }
    const wall = await time(() => save(turn))
    await new Promise(setImmediate)
    samples.push({ wall, stall: longest, cpu: busiest, ...stalled })
  }
  return samples
}

/** @param {Awaited<ReturnType<typeof measured>>} samples */
function withGarbage(samples) {
  return samples.map(({ from, to, ...sample }) => {
    const inside = collections.filter(({ startTime }) => startTime >= from && startTime < to)
    return { ...sample, garbage: inside.reduce((sum, { duration }) => sum + duration, 0) }
  })
}

function tick() {
  const now = performance.now()
  const { had, waited } = cpuTimes()
  const stall = now - last - (waited - times.waited)
  if (stall > longest) {
    longest = stall
    stalled = { from: last, to: now }
  }
  busiest = Math.max(busiest, had - times.had)
  last = now
  times = { had, waited }
  if (ticking) setImmediate(tick)
}
