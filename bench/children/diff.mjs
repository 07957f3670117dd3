// @ts-check
/**
 * The difference of the two newest checkpoints of a session, in a process that has done nothing else.
 *
 * Task: `{ folder, what, messages? }`; `what`: `build` saves a session of so many messages twice, with half of them
 * changed in between; `start` only opens the store and loads what is lazily loaded; `data` and `patch` ask for the diff.
 * Answer: `{ ms, cpu, peak }`, in milliseconds, of the clock and of user CPU, and bytes.
 */
import { GitSessionStore } from '../forkpoint.mjs'
import { sessionState, someTurns } from '../workload.mjs'
import { answer, task } from './child.mjs'

const { folder, what, messages } = task()
const store = new GitSessionStore(folder)
const start = performance.now()
const used = process.cpuUsage()
if (what === 'build') await build()
else if (what === 'start') await store.resolve('demo', 'main')
else {
  const diff = await store.diff('demo', 'main~1', 'main')
  if (diff.messages.changed.length === 0) throw new Error('Nothing differs.')
  if (what === 'patch') await diff.patch()
}
const ms = performance.now() - start
const cpu = process.cpuUsage(used).user / 1000
await store.close()
answer({ ms, cpu, peak: process.resourceUsage().maxRSS * 1024 })

async function build() {
  const state = sessionState('demo', someTurns(messages / 2, { bytes: 1500 }).flat())
  await store.save(state)
  state.messages = state.messages.map((message, n) =>
    n % 2 === 0 ? message : { ...message, content: message.content.replaceAll('e', 'é') },
  )
  await store.save(state)
}
