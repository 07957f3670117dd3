// @ts-check
/**
 * `save(state)` of a session of which one message has changed since the save before, in place.
 *
 * Task: `{ folder, messages, saves }`. Answer: `{ samples, cpu, stalls }`, in milliseconds for each save: of the clock, of
 * user CPU, and the longest gap between two ticks of `setImmediate`, less the time in it that other processes had the CPU.
 */
import { GitSessionStore } from '../forkpoint.mjs'
import { sessionState, someTurns } from '../workload.mjs'
import { answer, task } from './child.mjs'
import { cpuWait } from './cpu-wait.mjs'

const { folder, messages, saves } = task()
const WARM = 10
const state = sessionState('demo', someTurns(messages / 2, { bytes: 1500 }).flat())
const store = new GitSessionStore(folder)
/** @type {{ samples: number[], cpu: number[], stalls: number[] }} */
const taken = { samples: [], cpu: [], stalls: [] }
let last = { at: 0, waited: 0 }
let longest = 0
let ticking = true
tick()
for (let save = -WARM; save < saves; save++) {
  const changed = state.messages[Math.floor((((save + WARM) * 0.618) % 1) * messages)]
  if (changed !== undefined) changed.content = `${save}: ${changed.content}`
  await new Promise(setImmediate)
  last = { at: performance.now(), waited: cpuWait() }
  longest = 0
  const start = performance.now()
  const used = process.cpuUsage()
  await store.save(state)
  const [took, { user }] = [performance.now() - start, process.cpuUsage(used)]
  await new Promise(setImmediate)
  if (save < 0) continue
  taken.samples.push(took)
  taken.cpu.push(user / 1000)
  taken.stalls.push(longest)
}
ticking = false
await store.close()
answer(taken)

function tick() {
  const now = { at: performance.now(), waited: cpuWait() }
  longest = Math.max(longest, now.at - last.at - (now.waited - last.waited))
  last = now
  if (ticking) setImmediate(tick)
}
