// @ts-check
/**
 * One session of a framework, saved turn by turn, loaded, maintained.
 *
 * Task: `{ framework, name, folder, turns, bytes, budget? }`; `budget`: milliseconds of saving after which it stops early.
 * Answer: `{ samples, written, load, items, disk }`: milliseconds and bytes of each save, milliseconds of a load, bytes on
 * disk when all is closed. `written` is empty where the system does not say.
 */
import { readFileSync } from 'node:fs'
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
/** @type {number[]} */
const written = []
let spent = 0
for (let index = 0; index < turns && spent < budget; index++) {
  const prepared = await opened.prepare?.(index)
  const before = bytesWritten()
  const took = await time(() => opened.turn(index, prepared))
  const after = bytesWritten()
  samples.push(took)
  spent += took
  if (before !== undefined && after !== undefined) written.push(after - before)
}
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
answer({ samples, written, load: p50(loads), items, disk: diskBytes(folder) })

/** Bytes that this process has handed to write(2) and its like: proc(5), `wchar`. */
function bytesWritten() {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
  } catch {
    return undefined
  }
}
