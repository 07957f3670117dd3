// @ts-check
/**
 * One session saved turn by turn.
 *
 * Task: `{ contender, folder, turns, bytes, budget?, sizes? }` or `{ contender, folder, file }`, a JSON file of turns;
 * `budget`: milliseconds after which it stops early; `sizes`: numbers of saves after which the bytes on disk are taken;
 * `warm`: a folder for a session of 300 turns before, so that the first saves measured do not pay for loading code.
 * Answer: `{ samples, sizes, peak }` in milliseconds, `[saves, bytes]` and bytes.
 */
import { readFileSync } from 'node:fs'
import { contender } from '../contenders/index.mjs'
import { diskBytes } from '../disk.mjs'
import { someTurns, turns } from '../workload.mjs'
import { answer, task } from './child.mjs'

const {
  contender: key,
  folder,
  bytes,
  file,
  budget = Number.POSITIVE_INFINITY,
  sizes = [],
  warm,
  ...rest
} = task()
const kept = file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'))
const count = kept?.length ?? rest.turns
if (warm !== undefined) {
  const other = await (await contender(key)).open(warm, 'warm')
  for (const turn of someTurns(300, { bytes })) await other.save(turn)
  await other.close()
}
const saver = await (await contender(key)).open(folder, 'demo')
const session = kept?.values() ?? turns({ bytes })
const at = new Set(sizes)
/** @type {number[]} */
const samples = []
/** @type {[number, number][]} */
const taken = []
let spent = 0
while (samples.length < count && spent < budget) {
  const turn = session.next().value
  const start = performance.now()
  await saver.save(turn)
  const took = performance.now() - start
  samples.push(took)
  spent += took
  if (at.has(samples.length)) taken.push([samples.length, diskBytes(folder)])
}
await saver.close()
answer({ samples, sizes: taken, peak: process.resourceUsage().maxRSS * 1024 })
