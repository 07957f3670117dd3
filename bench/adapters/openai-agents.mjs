// @ts-check
/**
 * Sessions of the OpenAI Agents SDK: ours beside its own `MemorySession`, which is gone with the process, and a JSON
 * file a session, as the SDK's own examples keep one.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { turns } from '../workload.mjs'

/** @typedef {import('@openai/agents-core').AgentInputItem} Item */

/** @param {{ bytes: number }} shape @returns {() => Item[]} the items of one turn after the other */
function itemsOf({ bytes }) {
  const all = turns({ bytes: Math.floor(bytes / 2) })
  return () => {
    const [question, answer] = all.next().value
    return [
      { type: 'message', role: 'user', content: question.content },
      {
        type: 'message',
        role: 'assistant',
        id: `msg_${answer.id}`,
        status: 'completed',
        content: [{ type: 'output_text', text: answer.content }],
      },
    ]
  }
}

const SESSION = 'bench'

export const contenders = [
  {
    framework: 'openai-agents',
    name: 'ForkpointAgentsSession',
    ours: true,
    /** @param {string} folder @param {{ turns: number, bytes: number }} shape */
    async open(folder, shape) {
      const { ForkpointAgentsSession } = await import('../../dist/adapters/openai-agents/index.js')
      const open = () => new ForkpointAgentsSession({ store: join(folder, 'sessions'), sessionId: SESSION })
      const next = itemsOf(shape)
      const session = open()
      return {
        turn: async () => session.addItems(next()),
        async load() {
          const fresh = open()
          const { length } = await fresh.getItems()
          await fresh.close()
          return length
        },
        async maintain() {
          await session.store.maintain()
        },
        close: () => session.close(),
      }
    },
  },
  {
    framework: 'openai-agents',
    name: 'MemorySession (not kept)',
    ours: false,
    /** @param {string} _folder @param {{ turns: number, bytes: number }} shape */
    async open(_folder, shape) {
      const { MemorySession } = await import('@openai/agents-core')
      const next = itemsOf(shape)
      const session = new MemorySession({ sessionId: SESSION })
      return {
        turn: async () => session.addItems(next()),
        // There is no other process in which it could be loaded.
        load: async () => (await session.getItems()).length,
        async close() {},
      }
    },
  },
  {
    framework: 'openai-agents',
    name: 'JSON file per session',
    ours: false,
    /** @param {string} folder @param {{ turns: number, bytes: number }} shape */
    async open(folder, shape) {
      const path = join(folder, `${SESSION}.json`)
      const next = itemsOf(shape)
      /** @returns {Promise<Item[]>} */
      const read = async () => JSON.parse(await readFile(path, 'utf8').catch(() => '[]'))
      return {
        async turn() {
          await writeFile(path, JSON.stringify([...(await read()), ...next()], null, 2), 'utf8')
        },
        load: async () => (await read()).length,
        async close() {},
      }
    },
  },
]
