/** A back end in a process of its own: `node chat-child.mjs <command> <folder> <chat> …`. */
import { convertToModelMessages, createIdGenerator, streamText } from 'ai'
import { MockLanguageModelV3, simulateReadableStream } from 'ai/test'
import { chatStore } from '../../../dist/adapters/ai-sdk/index.js'
import { ConflictError } from '../../../dist/index.js'

const [command, folder, chatId, ...rest] = process.argv.slice(2)
const chats = chatStore(folder)
const generateMessageId = createIdGenerator({ prefix: 'msg', size: 16 })
const ask = (text) => ({ id: generateMessageId(), role: 'user', parts: [{ type: 'text', text }] })

/** The AI SDK streams an answer and hands over the list that it ends with. */
async function answer(messages) {
  const chunks = [
    { type: 'stream-start', warnings: [] },
    { type: 'text-start', id: 't' },
    { type: 'text-delta', id: 't', delta: `Answer of ${process.pid}.` },
    { type: 'text-end', id: 't' },
    { type: 'finish', finishReason: { unified: 'stop' }, usage: { inputTokens: {}, outputTokens: {} } },
  ]
  const model = new MockLanguageModelV3({
    doStream: async () => ({ stream: simulateReadableStream({ chunks }) }),
  })
  const result = streamText({ model, messages: await convertToModelMessages(messages) })
  let all
  const stream = result.toUIMessageStream({
    originalMessages: messages,
    generateMessageId,
    onFinish: (finished) => {
      all = finished.messages
    },
  })
  for await (const _ of stream);
  return all
}

const commands = {
  /** Takes so many turns. */
  async talk(turns) {
    for (let turn = 0; turn < Number(turns); turn++) {
      const messages = [...(await chats.load(chatId)), ask(`Question ${turn} of ${process.pid}`)]
      await chats.save({ chatId, messages: await answer(messages), trigger: 'submit-message' })
    }
  },
  /** Tries the second answer again, and goes on from there. */
  async branch() {
    const before = await chats.load(chatId)
    const retried = await answer(before.slice(0, 3))
    await chats.save({ chatId, messages: retried, trigger: 'regenerate-message', messageId: before[3].id })
    await commands.talk(2)
  },
  /** Saves turns until it is killed; says the ids of the messages that are acknowledged. */
  async loop() {
    for (let turn = 0; ; turn++) {
      const messages = await chats.load(chatId)
      const again = turn % 7 === 6
      const cut = again ? messages.slice(0, -1) : [...messages, ask(`Question ${turn}`)]
      const reply = { ...ask(`Answer ${turn}`), role: 'assistant' }
      await chats.save({
        chatId,
        messages: [...cut, reply],
        trigger: again ? 'regenerate-message' : 'submit-message',
      })
      process.stdout.write(`${reply.id}\n`)
    }
  },
  /** As many tabs do at once: goes on from what it sees, and loads again when it is told that that is not the newest. */
  async compete(turns) {
    let conflicts = 0
    for (let turn = 0; turn < Number(turns); ) {
      const { messages, checkpoint } = (await chats.read(chatId)) ?? { messages: [], checkpoint: null }
      const reply = { ...ask(`Answer ${turn}`), role: 'assistant' }
      try {
        const expected = turn % 2 === 0 ? checkpoint : undefined
        await chats.save({ chatId, messages: [...messages, ask(`Question ${turn}`), reply], expected })
        process.stdout.write(`${reply.id}\n`)
        turn++
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error
        conflicts++
      }
    }
    process.stderr.write(`${conflicts} conflicts\n`)
  },
}

await commands[command](...rest)
await chats.close()
