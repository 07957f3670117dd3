// @ts-check
/**
 * One session of a framework, saved turn by turn, loaded, maintained.
 *
 * Task: `{ framework, name, folder, turns, bytes, budget? }`; `budget`: milliseconds of saving after which it stops early.
 * Answer: `{ samples, written, behind, load, items, disk }`: milliseconds of each save; of some saves `[turn, bytes]`, what
 * they wrote while nothing else was under way; bytes written per turn by all that went on; milliseconds of a load; bytes
 * on disk when all is closed. There are no bytes written where the system does not say.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { contendersOf } from '../adapters/contender.mjs'
import { diskBytes } from '../disk.mjs'
import { p50, time } from '../statistics.mjs'
import { answer, task } from './child.mjs'

const { framework, name, folder, turns, bytes, budget = Number.POSITIVE_INFINITY } = task()
const contender = (await contendersOf(framework)).find((one) => one.name === name)
if (contender === undefined) throw new Error(`${framework} has no contender '${name}'`)
const opened = await contender.open(folder, { turns, bytes })
/** @type {number[]} */
const samples = []
/** @type {[number, number][]} */
const written = []
const every = Math.ceil(turns / 300)
const start = bytesWritten()
let spent = 0
for (let index = 0; index < turns && spent < budget; index++) {
  const prepared = await opened.prepare?.(index)
  const isLookedAt = index < turns / 10 || index >= turns * 0.9 || budget < Number.POSITIVE_INFINITY
  const isSampled = isLookedAt && index % every === 0
  if (isSampled) await quiet()
  const before = bytesWritten()
  const took = await time(() => opened.turn(index, prepared))
  if (isSampled && !Number.isNaN(before)) written.push([index, bytesWritten() - before])
  samples.push(took)
  spent += took
}
const behind = (bytesWritten() - start) / samples.length
/** @type {number[]} */
const loads = []
let items = 0
for (let round = 0; round < 3; round++) {
  loads.push(
    await time(async () => {
      items = await opened.load()
    }),
  )
}
await opened.maintain?.()
await opened.close()
answer({ samples, written, behind, load: p50(loads), items, disk: diskBytes(folder) })

/** Until what a store does behind its saves has ended, or for a second. */
async function quiet() {
  for (let before = Number.NaN, round = 0; round < 100; round++) {
    const now = bytesWritten()
    if (now === before) return
    before = now
    await sleep(10)
  }
}

/** Bytes that this process has handed to write(2) and its like: proc(5), `wchar`. */
function bytesWritten() {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
  } catch {
    return Number.NaN
  }
}
