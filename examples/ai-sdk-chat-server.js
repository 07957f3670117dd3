// @ts-check
/**
 * A chat server for `useChat`: every turn is a commit, another try is a branch, a stale tab gets a 409. It talks to
 * itself here, with a model that is made up; `ai-sdk/chat-server.js` is the server.
 */
import { join } from 'node:path'
import { generateId } from 'ai'
import { MockLanguageModelV3, simulateReadableStream } from 'ai/test'
import { chatStore } from 'forkpoint/adapters/ai-sdk'
import { listen } from './ai-sdk/chat-server.js'
import { inTemporaryFolder } from './temporary-folder.js'

/** @typedef {import('ai').UIMessage} UIMessage */
/** @typedef {import('./ai-sdk/chat-server.js').ChatRequest} ChatRequest */

const USAGE = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 4, text: 4, reasoning: 0 },
}
/** A model that has something new to say each time. */
const PLACES = ['Lisbon. ', 'Eleven hours, with one change. ', 'Two nights and a ferry. ']
const model = new MockLanguageModelV3({
  doStream: async () => {
    const words = (PLACES.shift() ?? 'Anywhere. ').split(/(?<= )/)
    return {
      stream: simulateReadableStream({
        chunks: [
          { type: 'text-start', id: 't' },
          ...words.map((delta) => ({ type: /** @type {const} */ ('text-delta'), id: 't', delta })),
          { type: 'text-end', id: 't' },
          { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage: USAGE },
        ],
      }),
    }
  },
})

await inTemporaryFolder(async (folder) => {
  const place = join(folder, 'chats')
  let chats = chatStore(place)
  let { server, url } = await listen(chats, { model })

  // The client's side: `useChat` does this in a browser.
  /** @param {string} path @returns {Promise<any>} */
  const get = async (path) => (await fetch(`${url}/${path}`)).json()
  /** @param {UIMessage[]} messages @param {Partial<ChatRequest>} [more] */
  const send = async (messages, more) => {
    const body = JSON.stringify({ id: 'trip', messages, trigger: 'submit-message', ...more })
    const response = await fetch(`${url}/trip`, { method: 'POST', body })
    const text = await response.text()
    return response.ok ? 'answered' : `${response.status} ${JSON.parse(text).error}`
  }

  await send([ask('Where do I go in May?')])
  const tab = await get('trip')
  await send([...tab, ask('And by train?')])
  show('after two questions', await get('trip'))

  console.log(`a tab that slept since: ${await send([...tab, ask('How is the food there?')])}\n`)

  // The server goes down and comes back; the chat is as it was.
  server.close()
  await chats.close()
  chats = chatStore(place)
  ;({ server, url } = await listen(chats, { model }))

  const before = /** @type {UIMessage[]} */ (await get('trip'))
  const last = /** @type {UIMessage} */ (before.at(-1))
  await send(before.slice(0, -1), { trigger: 'regenerate-message', messageId: last.id })
  const after = /** @type {UIMessage[]} */ (await get('trip'))
  show('after a restart and another try', after)

  const switchers = await get('trip/siblings')
  const { index, messages } = switchers[/** @type {UIMessage} */ (after.at(-1)).id]
  console.log(`the answer is ${index + 1} of ${messages.length}; the first is on ${messages[0].branch}`)
  const body = JSON.stringify({ branch: messages[0].branch })
  const selected = await fetch(`${url}/trip/select`, { method: 'POST', body })
  show('switched back', /** @type {UIMessage[]} */ (await selected.json()))

  console.log('in git:')
  for (const { name, active } of await chats.branches('trip')) {
    const { subject } = await chats.store.checkpoint('trip', name)
    console.log(`  ${active ? '*' : ' '} trip/${name}: ${subject}`)
  }
  server.close()
  await chats.close()
})

/** @param {string} text @returns {UIMessage} */
function ask(text) {
  return { id: generateId(), role: 'user', parts: [{ type: 'text', text }] }
}

/** @param {string} title @param {UIMessage[]} messages */
function show(title, messages) {
  console.log(`${title}:`)
  for (const { role, parts } of messages) {
    console.log(`  ${role}: ${parts.map((part) => (part.type === 'text' ? part.text : '')).join('')}`)
  }
  console.log('')
}
