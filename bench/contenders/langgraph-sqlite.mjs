// @ts-check
import { join } from 'node:path'
import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { uuid6 } from '@langchain/langgraph-checkpoint'
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite'

/**
 * LangGraph's checkpointer for one machine, called as its loop calls it when a graph with one channel `messages`
 * ends a turn: `put` with the channel's whole value. (A real graph puts once more a turn, for the input, and
 * `putWrites` besides: this is its best case.)
 *
 * @type {import('./contender.mjs').Contender}
 */
export const langgraphSqlite = {
  durable: 'process crash (WAL, synchronous=NORMAL)',
  async open(folder, session) {
    const saver = saverIn(folder)
    const thread = new Thread(saver, session)
    return {
      save: (turn) => thread.put(turn),
      async close() {
        if (saver.db.open) saver.db.close()
      },
    }
  },
}

/** One saver for all threads, as an application has it. @type {Map<string, SqliteSaver>} */
const savers = new Map()

/** @param {string} folder */
function saverIn(folder) {
  const saver = savers.get(folder) ?? SqliteSaver.fromConnString(join(folder, 'langgraph.sqlite'))
  savers.set(folder, saver)
  return saver
}

class Thread {
  /** @param {SqliteSaver} saver @param {string} id */
  constructor(saver, id) {
    this.saver = saver
    this.config = {
      configurable: /** @type {Record<string, string>} */ ({ thread_id: id, checkpoint_ns: '' }),
    }
    /** @type {import('@langchain/core/messages').BaseMessage[]} */
    this.messages = []
    this.step = 0
  }

  /** @param {readonly import('../workload.mjs').Message[]} turn */
  async put(turn) {
    for (const { id, role, content } of turn)
      this.messages.push(role === 'user' ? new HumanMessage({ id, content }) : new AIMessage({ id, content }))
    this.step++
    const versions = { messages: this.step + 1, __start__: this.step }
    const checkpoint = {
      v: 4,
      id: uuid6(this.step),
      ts: new Date().toISOString(),
      channel_values: { messages: [...this.messages] },
      channel_versions: versions,
      versions_seen: {
        __input__: {},
        __start__: { __start__: this.step },
        agent: { 'branch:to:agent': this.step },
      },
    }
    const metadata = { source: /** @type {const} */ ('loop'), step: this.step, parents: {} }
    this.config = /** @type {typeof this.config} */ (await this.saver.put(this.config, checkpoint, metadata))
  }
}
