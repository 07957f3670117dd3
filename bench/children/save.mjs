// @ts-check
/**
 * One session saved turn by turn.
 *
 * Task: `{ contender, folder, turns, bytes, budget?, sizes?, fresh? }` or `{ contender, folder, file }`, a JSON file of
 * turns; `budget`: milliseconds after which it stops early; `sizes`: numbers of saves after which the bytes on disk are
 * taken; `fresh`: a folder for a second session that begins with the last tenth of the first and takes turns with it,
 * so that old and new are measured in the same minute of the same machine.
 * Answer: `{ samples, fresh, sizes, peak }` in milliseconds, `[saves, bytes]` and bytes.
 */
import { readFileSync } from 'node:fs'
import { contender } from '../contenders/index.mjs'
import { diskBytes } from '../disk.mjs'
import { turns } from '../workload.mjs'
import { answer, task } from './child.mjs'

const { contender: key, folder, bytes, file, budget = Number.POSITIVE_INFINITY, sizes = [], ...rest } = task()
const kept = file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'))
const count = kept?.length ?? rest.turns
const made = await contender(key)
const saver = await made.open(folder, 'demo')
const session = kept?.values() ?? turns({ bytes })
const at = new Set(sizes)
/** @type {number[]} */
const samples = []
/** @type {number[]} */
const fresh = []
/** @type {[number, number][]} */
const taken = []
let spent = 0
const alone = rest.fresh === undefined ? count : Math.ceil(count * 0.9)
while (samples.length < alone && spent < budget) {
  const took = await timed(saver, session)
  samples.push(took)
  spent += took
  if (at.has(samples.length)) taken.push([samples.length, diskBytes(folder)])
}
if (samples.length === alone && alone < count) await takeTurns()
await saver.close()
answer({ samples, fresh, sizes: taken, peak: process.resourceUsage().maxRSS * 1024 })

async function takeTurns() {
  const other = await made.open(rest.fresh, 'fresh')
  const others = turns({ bytes, seed: 2 })
  while (samples.length < count) {
    for (let i = 0; i < 25; i++) fresh.push(await timed(other, others))
    for (let i = 0; i < 25; i++) samples.push(await timed(saver, session))
  }
  await other.close()
  if (at.has(count)) taken.push([count, diskBytes(folder)])
}

/** @param {import('../contenders/contender.mjs').Saver} to @param {Iterator<any>} from */
async function timed(to, from) {
  const turn = from.next().value
  const start = performance.now()
  await to.save(turn)
  return performance.now() - start
}
