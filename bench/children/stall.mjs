// @ts-check
/**
 * How long the event loop stands still while one save is under way.
 *
 * Task: `{ contender, folder, before, saves, bytes, long? }`; `before`: messages the session has already; `long`: each
 * save adds one message of so many bytes instead of a turn. Answer: `{ stalls, delay }` in milliseconds:
 * the longest gap between two ticks of `setImmediate` during each save, less the time in it that other processes had
 * the CPU, and the maximum of `monitorEventLoopDelay`, with that time.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { contender } from '../contenders/index.mjs'
import { longText, someTurns } from '../workload.mjs'
import { answer, task } from './child.mjs'
import { cpuWait } from './cpu-wait.mjs'

const { contender: key, folder, before, saves, bytes, long } = task()
const WARM = 5
const saver = await (await contender(key)).open(folder, 'demo')
const turns = someTurns(before / 2 + saves + WARM, { bytes })
await saver.save(turns.slice(0, before / 2).flat())
for (const turn of turns.slice(before / 2, before / 2 + WARM)) await saver.save(turn)
const additions =
  long === undefined
    ? turns.slice(before / 2 + WARM)
    : Array.from({ length: saves }, (_, i) => [message(`long-${i}`, longText(long, i + 1))])

let last = 0
let waited = 0
let longest = 0
let ticking = true
const delay = monitorEventLoopDelay({ resolution: 1 })
tick()
/** @type {number[]} */
const stalls = []
delay.enable()
for (const addition of additions) {
  // From a tick to the tick after the last one of the save.
  await new Promise(setImmediate)
  last = performance.now()
  waited = cpuWait()
  longest = 0
  await saver.save(addition)
  await new Promise(setImmediate)
  stalls.push(longest)
}
delay.disable()
ticking = false
await saver.close()
answer({ stalls, delay: delay.max / 1e6 })

function tick() {
  const now = performance.now()
  const waiting = cpuWait()
  longest = Math.max(longest, now - last - (waiting - waited))
  last = now
  waited = waiting
  if (ticking) setImmediate(tick)
}

/** @param {string} id @param {string} content @returns {import('../workload.mjs').Message} */
function message(id, content) {
  return { id, role: 'user', content, createdAt: new Date(1_736_154_000_000).toISOString() }
}
