// @ts-check
/**
 * Sessions listed in a process that was just started.
 *
 * Task: `{ place, limit? }`. Answer: `{ alone, count, peak }`: milliseconds from opening the store to the last summary, how
 * many came, and the most memory that the process had.
 */
import { GitSessionStore } from '../forkpoint.mjs'
import { answer, task } from './child.mjs'

const { place, limit } = task()
const start = performance.now()
let count = 0
for await (const { problem } of new GitSessionStore(place).list({ limit })) {
  if (problem !== undefined) throw new Error(problem.message)
  count++
}
answer({ alone: performance.now() - start, count, peak: process.resourceUsage().maxRSS * 1024 })
