// @ts-check
/**
 * Memory while a long session is saved turn by turn. Needs `--expose-gc`.
 *
 * Task: `{ how, folder, total, bytes }`; `how`: `handle` (holds the state), `store` (`store.append`, holds nothing) or
 * `state` (no store: only an array of the messages). Answer: `{ steps: [saved bytes, bytes in use][], peak }`.
 */
import { appender } from '../contenders/forkpoint.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { turns } from '../workload.mjs'
import { answer, task } from './child.mjs'

const { how, folder, total, bytes } = task()
const session = turns({ bytes })
const store = new GitSessionStore(`${folder}/forkpoint`)
/** @type {unknown[]} */
const state = []
const add = await adder()
/** @type {[number, number][]} */
const steps = []
let saved = 0
for (let next = total / 10; saved < total; ) {
  await add(session.next().value)
  saved += 2 * bytes
  if (saved < next) continue
  next += total / 10
  steps.push([saved, await inUse()])
}
await store.close()
answer({ steps, peak: process.resourceUsage().maxRSS * 1024 })

/** @returns {Promise<(turn: readonly import('../workload.mjs').Message[]) => Promise<unknown>>} */
async function adder() {
  if (how === 'state') return async (turn) => state.push(...turn)
  const { append, handle } = await appender(store, 'demo')
  return how === 'handle' ? append : (turn) => store.append(handle.id, { messages: turn })
}

async function inUse() {
  // What was saved is settled within a second; until then, and while packs are merged, its bytes are held.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc?.()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
