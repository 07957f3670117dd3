// @ts-check
/**
 * A store of many small sessions, saved 64 at once.
 *
 * Task: `{ folder, sessions }`. Answer: `{ rate, closing, bytes }`: saves per second, milliseconds of `close`, and what the
 * store takes on the disk after it.
 */
import { execFileSync } from 'node:child_process'
import { GitSessionStore, newMessage, newSession } from '../forkpoint.mjs'
import { answer, task } from './child.mjs'

const AT_ONCE = 64

const { folder, sessions } = task()
const store = new GitSessionStore(folder)
const start = performance.now()
let next = 0
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < sessions) {
      const i = next++
      const messages = [newMessage('user', `Prompt ${i}`)]
      await store.save(newSession(`session-${i}`, { title: `Title of session ${i}`, messages }))
    }
  }),
)
const rate = sessions / ((performance.now() - start) / 1000)
const before = performance.now()
await store.close()
const closing = performance.now() - before
const bytes = Number(execFileSync('du', ['-sk', folder]).toString().split('\t')[0]) * 1024
answer({ rate, closing, bytes })
