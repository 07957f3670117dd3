// @ts-check
/**
 * A state read back in a process that was just started.
 *
 * Task: `{ how, place, session?, at? }`. Answer: `{ alone, loading, messages }`: milliseconds from opening the store to the state,
 * those of loading the code before, and how many messages came.
 */
import { answer, task } from './child.mjs'

const { how, place, session = 'demo', at } = task()

const READERS = {
  async forkpoint() {
    const { GitSessionStore } = await import('../forkpoint.mjs')
    return async () => (await new GitSessionStore(place).load(session, { at }))?.messages.length
  },
  async json() {
    const { readFileSync } = await import('node:fs')
    return async () => JSON.parse(readFileSync(place, 'utf8')).messages.length
  },
  async sqlite() {
    const { SqliteSaver } = await import('@langchain/langgraph-checkpoint-sqlite')
    return async () => {
      const tuple = await SqliteSaver.fromConnString(place).getTuple({ configurable: { thread_id: session } })
      const messages = /** @type {unknown[] | undefined} */ (tuple?.checkpoint.channel_values.messages)
      return messages?.length
    }
  },
  async isomorphic() {
    const fs = await import('node:fs')
    const { default: git } = await import('isomorphic-git')
    return async () => {
      const oid = await git.resolveRef({ fs, dir: place, ref: 'HEAD' })
      const { blob } = await git.readBlob({ fs, dir: place, oid, filepath: `${session}.json` })
      return JSON.parse(Buffer.from(blob).toString('utf8')).messages.length
    }
  },
  async git() {
    const { git } = await import('../contenders/native-git.mjs')
    return async () => JSON.parse((await git(place, 'show', `HEAD:${session}.json`)).stdout).messages.length
  },
}

const start = performance.now()
const read = await READERS[/** @type {keyof typeof READERS} */ (how)]()
const loaded = performance.now()
const messages = await read()
answer({ alone: performance.now() - loaded, loading: loaded - start, messages })
