// @ts-check
/**
 * LangGraph's checkpointers, called as its loop calls them when a graph of one node ends a turn: a checkpoint for the
 * input, the writes of `__start__` and its step, the writes of the node and its step. Puts go one after another,
 * writes beside them; the turn is over when all are stored.
 */
import { join } from 'node:path'
import { AIMessage, HumanMessage } from '@langchain/core/messages'
import { MemorySaver, uuid6 } from '@langchain/langgraph-checkpoint'
import { GitSessionStore } from '../forkpoint.mjs'
import { turns } from '../workload.mjs'

/**
 * @typedef {import('@langchain/langgraph-checkpoint').BaseCheckpointSaver} Saver
 * @typedef {import('@langchain/langgraph-checkpoint').Checkpoint} Checkpoint
 * @typedef {{ turns: number, bytes: number, pages?: boolean }} Shape
 */

const THREAD = { configurable: { thread_id: 'bench', checkpoint_ns: '' } }
const TASK = '11111111-0000-5000-8000-'

export const contenders = [
  {
    framework: 'langgraph',
    name: 'ForkpointSaver',
    ours: true,
    /** @param {string} folder @param {Shape} shape */
    async open(folder, shape) {
      const { ForkpointSaver } = await import('../../dist/adapters/langgraph/index.js')
      const place = join(folder, 'store')
      const store = shape.pages === undefined ? undefined : new GitSessionStore(place, { pages: shape.pages })
      const saver = new ForkpointSaver(store ?? place)
      return {
        ...graph(/** @type {any} */ (saver), shape),
        load: async () => {
          const fresh = new ForkpointSaver(join(folder, 'store'))
          const count = await messagesOf(/** @type {any} */ (fresh))
          await fresh.close()
          return count
        },
        maintain: async () => void (await saver.store.maintain()),
        close: async () => {
          await saver.close()
          await store?.close()
        },
      }
    },
  },
  {
    framework: 'langgraph',
    name: 'SqliteSaver',
    ours: false,
    /** @param {string} folder @param {Shape} shape */
    async open(folder, shape) {
      const { SqliteSaver } = await import('@langchain/langgraph-checkpoint-sqlite')
      const open = () => SqliteSaver.fromConnString(join(folder, 'langgraph.sqlite'))
      const saver = open()
      return {
        ...graph(saver, shape),
        load: async () => {
          const fresh = open()
          const count = await messagesOf(fresh)
          fresh.db.close()
          return count
        },
        maintain: async () => {
          saver.db.exec('VACUUM')
          saver.db.pragma('wal_checkpoint(TRUNCATE)')
        },
        close: async () => {
          saver.db.close()
        },
      }
    },
  },
  {
    framework: 'langgraph',
    name: 'MemorySaver',
    ours: false,
    /** @param {string} _folder @param {Shape} shape */
    async open(_folder, shape) {
      const saver = new MemorySaver()
      return {
        ...graph(saver, shape),
        /** A restarted process would find nothing; this is what reading costs as long as it runs. */
        load: () => messagesOf(saver),
        close: async () => {},
      }
    },
  },
]

/** @param {Saver} saver */
async function messagesOf(saver) {
  const tuple = await saver.getTuple(THREAD)
  return /** @type {unknown[]} */ (tuple?.checkpoint.channel_values.messages ?? []).length
}

/** Turns of a graph of one node. @param {Saver} saver @param {Shape} shape */
function graph(saver, { bytes }) {
  const source = turns({ bytes: Math.round(bytes / 2) })
  const run = new Run(saver)
  const prepare = () => {
    const [question, answer] = source.next().value
    return {
      human: new HumanMessage({ id: question.id, content: question.content }),
      ai: new AIMessage({ id: answer.id, content: answer.content }),
    }
  }
  return {
    prepare,
    /** @param {number} _index */
    turn: async (_index, { human, ai } = prepare()) => {
      run.put('input', { __start__: { messages: [human] } })
      run.write('__start__', [
        ['messages', [human]],
        ['branch:to:agent', null],
      ])
      run.messages.push(human)
      run.put('loop', { __start__: undefined, messages: [...run.messages], 'branch:to:agent': null })
      run.write('agent', [['messages', [ai]]])
      run.messages.push(ai)
      run.put('loop', { messages: [...run.messages], 'branch:to:agent': undefined })
      await run.end()
    },
  }
}

/** What LangGraph's loop keeps between the steps of a thread. */
class Run {
  /** @type {import('@langchain/core/messages').BaseMessage[]} */
  messages = []
  /** @type {Record<string, unknown>} */
  values = {}
  /** @type {Record<string, number>} */
  versions = {}
  /** @type {string | undefined} */
  checkpoint
  step = -2
  /** @type {Promise<unknown>} */
  puts = Promise.resolve()
  /** @type {Promise<unknown>[]} */
  writes = []

  /** @param {Saver} saver */
  constructor(saver) {
    this.saver = saver
  }

  /** @param {'input' | 'loop'} source @param {Record<string, unknown>} changes `undefined`: without a value */
  put(source, changes) {
    this.step++
    const version = Math.max(0, ...Object.values(this.versions)) + 1
    const newVersions = Object.fromEntries(Object.keys(changes).map((channel) => [channel, version]))
    Object.assign(this.versions, newVersions)
    Object.assign(this.values, changes)
    const values = Object.fromEntries(Object.entries(this.values).filter(([, value]) => value !== undefined))
    /** @type {Checkpoint} */
    const checkpoint = {
      v: 4,
      id: uuid6(this.step),
      ts: new Date().toISOString(),
      channel_values: values,
      channel_versions: { ...this.versions },
      versions_seen: {
        __input__: {},
        __start__: { __start__: version },
        agent: { 'branch:to:agent': version },
      },
    }
    const config = { configurable: { ...THREAD.configurable, checkpoint_id: this.checkpoint } }
    const metadata = { source, step: this.step, parents: {} }
    this.checkpoint = checkpoint.id
    this.puts = this.puts.then(() => this.saver.put(config, checkpoint, metadata, newVersions))
  }

  /** @param {string} node @param {[string, unknown][]} writes */
  write(node, writes) {
    const config = { configurable: { ...THREAD.configurable, checkpoint_id: this.checkpoint } }
    const task = TASK + String(this.step + 2).padStart(12, '0')
    this.writes.push(this.saver.putWrites(config, writes, task, `~__pregel_pull, ${node}`))
  }

  async end() {
    await Promise.all([this.puts, ...this.writes.splice(0)])
  }
}
