// @ts-check
/**
 * Sessions in one store, grown by `append`, side by side.
 *
 * Task: `{ folder, sessions: [{ id, turns, at }], bytes }`. Answer: `{ id: { at, newest } }`, ids of the checkpoint
 * after turn `at` and of the last one.
 */
import { appender } from '../contenders/forkpoint.mjs'
import { GitSessionStore } from '../forkpoint.mjs'
import { turns } from '../workload.mjs'
import { answer, task } from './child.mjs'

const { folder, sessions, bytes } = task()
const store = new GitSessionStore(folder)
const made = await Promise.all(
  sessions.map(
    async (
      /** @type {{ id: string, turns: number, at: number }} */ { id, turns: count, at },
      /** @type {number} */ seed,
    ) => {
      const { append, handle } = await appender(store, id)
      const session = turns({ bytes, seed })
      let kept = ''
      for (let turn = 1; turn <= count; turn++) {
        await append(session.next().value)
        if (turn === at) kept = handle.checkpoint.id
      }
      return [id, { at: kept, newest: handle.checkpoint.id }]
    },
  ),
)
await store.close()
answer(Object.fromEntries(made))
