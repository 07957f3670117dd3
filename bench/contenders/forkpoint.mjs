// @ts-check
import { join } from 'node:path'
import { GitSessionStore } from '../forkpoint.mjs'
import { sessionState } from '../workload.mjs'

/** Only what is new: `append` of a handle. @type {import('./contender.mjs').Contender} */
export const forkpointAppend = {
  durable: 'power loss',
  async open(folder, session) {
    const store = new GitSessionStore(join(folder, 'forkpoint'))
    const { append } = await appender(store, session)
    return { save: append, close: () => store.close() }
  },
}

/** The whole state: `save`. @type {import('./contender.mjs').Contender} */
export const forkpointSave = {
  durable: 'power loss',
  async open(folder, session) {
    const store = new GitSessionStore(join(folder, 'forkpoint-save'))
    const state = sessionState(session, [])
    return {
      async save(turn) {
        state.messages.push(...turn)
        state.updatedAt = turn.at(-1)?.createdAt ?? state.updatedAt
        await store.save(state)
      },
      close: () => store.close(),
    }
  },
}

/**
 * A session of an open store that grows by `append`.
 *
 * @param {GitSessionStore} store
 * @param {string} session
 */
export async function appender(store, session) {
  await store.save(sessionState(session, []))
  const handle = await store.open(session)
  return {
    handle,
    /** @param {readonly import('../workload.mjs').Message[]} turn */
    async append(turn) {
      await handle.append({ messages: turn, set: { updatedAt: turn.at(-1)?.createdAt } })
    },
  }
}
