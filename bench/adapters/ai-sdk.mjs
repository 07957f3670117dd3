// @ts-check
/** AI SDK: chats saved as `onFinish` hands them over, the whole list after each turn. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../../dist/folders.js'
import { GitSessionStore } from '../forkpoint.mjs'
import { turns as turnsOf } from '../workload.mjs'

/** @typedef {import('ai').UIMessage} UIMessage */

const CHAT = 'chat'

/**
 * What a server has when an answer is complete: the messages that came with the request, parsed anew, and the answer.
 * Parsing takes longer than all that is measured, so it is only done for the turns that are looked at.
 *
 * @param {{ turns: number, bytes: number }} shape
 */
function talk({ turns, bytes }) {
  const source = turnsOf({ bytes: Math.round(bytes / 2) })
  /** @type {string[]} */
  const texts = []
  /** @type {UIMessage[]} */
  let last = []
  return (/** @type {number} */ index) => {
    const [question, answer] = source.next().value
    const isLookedAt = index < turns / 10 || index >= turns * 0.9
    const before = isLookedAt ? texts.map((text) => /** @type {UIMessage} */ (JSON.parse(text))) : last
    last = [
      ...before,
      { id: question.id, role: 'user', parts: [{ type: 'text', text: question.content }] },
      { id: answer.id, role: 'assistant', parts: [{ type: 'text', text: answer.content, state: 'done' }] },
    ]
    texts.push(...last.slice(-2).map((message) => JSON.stringify(message)))
    return last
  }
}

export const contenders = [
  {
    framework: 'ai-sdk',
    name: 'chatStore',
    ours: true,
    /** @param {string} folder @param {{ turns: number, bytes: number, pages?: boolean }} shape */
    async open(folder, shape) {
      const { chatStore } = await import('../../dist/adapters/ai-sdk/index.js')
      const place = join(folder, 'chats')
      const store = shape.pages === undefined ? undefined : new GitSessionStore(place, { pages: shape.pages })
      const chats = chatStore(store ?? place)
      return {
        prepare: talk(shape),
        /** @param {number} _index @param {UIMessage[]} messages */
        async turn(_index, messages) {
          await chats.save({ chatId: CHAT, messages, trigger: 'submit-message' })
        },
        async load() {
          const fresh = chatStore(join(folder, 'chats'))
          const { length } = await fresh.load(CHAT)
          await fresh.close()
          return length
        },
        async maintain() {
          await chats.store.maintain()
        },
        async close() {
          await chats.close()
          await store?.close()
        },
      }
    },
  },
  {
    framework: 'ai-sdk',
    name: 'JSON file per chat',
    ours: false,
    /** As the guide to message persistence does it. @param {string} folder @param {{ turns: number, bytes: number }} shape */
    async open(folder, shape) {
      makeFolders(folder)
      const file = join(folder, `${CHAT}.json`)
      return {
        prepare: talk(shape),
        /** @param {number} _index @param {UIMessage[]} messages */
        async turn(_index, messages) {
          await writeFile(file, JSON.stringify(messages, null, 2))
        },
        load: async () => JSON.parse(await readFile(file, 'utf8')).length,
        async close() {},
      }
    },
  },
]
