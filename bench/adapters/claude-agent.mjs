// @ts-check
/**
 * Sessions of the Claude Agent SDK: ours beside its own `InMemorySessionStore`, which is gone with the process, and
 * the plain JSON lines that Claude Code keeps itself. A turn is appended as the SDK does it by default: one batch at
 * its end.
 */
import { randomUUID } from 'node:crypto'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { turns } from '../workload.mjs'

/** @typedef {import('@anthropic-ai/claude-agent-sdk').SessionStoreEntry} Entry */

const key = { projectKey: '-home-me-project', sessionId: '0b5e55ed-0000-4000-8000-000000000000' }

/** @param {{ bytes: number }} shape @returns {() => Entry[]} the entries of one turn after the other */
function entriesOf({ bytes }) {
  const all = turns({ bytes: Math.floor(bytes / 2) })
  const { sessionId } = key
  /** @type {string | null} */
  let parentUuid = null
  /** @param {string} type @param {object} message @param {string} timestamp @returns {Entry} */
  const entry = (type, message, timestamp) => {
    const made = { parentUuid, isSidechain: false, type, message, uuid: randomUUID(), timestamp }
    parentUuid = made.uuid
    return { ...made, cwd: '/home/me/project', sessionId, version: '2.1.0', gitBranch: 'main' }
  }
  return () => {
    const [question, answer] = all.next().value
    const reply = {
      ...{ id: `msg_${answer.id}`, type: 'message', role: 'assistant', model: 'large-model-2' },
      ...{ content: [{ type: 'text', text: answer.content }], stop_reason: 'end_turn' },
      usage: { input_tokens: 900, output_tokens: 140 },
    }
    return [
      entry('user', { role: 'user', content: question.content }, question.createdAt),
      entry('assistant', reply, answer.createdAt),
      { type: 'last-prompt', lastPrompt: question.content.slice(0, 200), sessionId },
    ]
  }
}

export const contenders = [
  {
    framework: 'claude-agent',
    name: 'ForkpointClaudeStore',
    ours: true,
    /** @param {string} folder @param {{ turns: number, bytes: number }} shape */
    async open(folder, shape) {
      const { ForkpointClaudeStore } = await import('../../dist/adapters/claude-agent/index.js')
      const open = () => new ForkpointClaudeStore(join(folder, 'sessions'))
      const next = entriesOf(shape)
      const store = open()
      return {
        turn: async () => store.append(key, next()),
        async load() {
          const fresh = open()
          const entries = await fresh.load(key)
          await fresh.close()
          return entries?.length ?? 0
        },
        async maintain() {
          await store.store.maintain()
        },
        close: () => store.close(),
      }
    },
  },
  {
    framework: 'claude-agent',
    name: 'InMemorySessionStore (not kept)',
    ours: false,
    /** @param {string} _folder @param {{ turns: number, bytes: number }} shape */
    async open(_folder, shape) {
      const { InMemorySessionStore } = await import('@anthropic-ai/claude-agent-sdk')
      const next = entriesOf(shape)
      const store = new InMemorySessionStore()
      return {
        turn: async () => store.append(key, next()),
        // There is no other process in which it could be loaded.
        load: async () => (await store.load(key))?.length ?? 0,
        async close() {},
      }
    },
  },
  {
    framework: 'claude-agent',
    name: 'JSON lines',
    ours: false,
    /** @param {string} folder @param {{ turns: number, bytes: number }} shape */
    async open(folder, shape) {
      const path = join(folder, `${key.sessionId}.jsonl`)
      const next = entriesOf(shape)
      return {
        turn: () =>
          appendFile(
            path,
            next()
              .map((entry) => `${JSON.stringify(entry)}\n`)
              .join(''),
          ),
        async load() {
          const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '')
          return lines.map((line) => JSON.parse(line)).length
        },
        async close() {},
      }
    },
  },
]
