// @ts-check
/**
 * A back end of `useChat` on `node:http`, as `docs/adapters/ai-sdk.md` says: POST /chat/<id> asks, GET /chat/<id> loads,
 * GET /chat/<id>/siblings and POST /chat/<id>/select are the switcher.
 */
import { createServer } from 'node:http'
import { consumeStream, convertToModelMessages, createIdGenerator, stepCountIs, streamText } from 'ai'
import { ConflictError, ForkpointError } from 'forkpoint'

/** @typedef {import('forkpoint/adapters/ai-sdk').ChatStore} ChatStore */
/** @typedef {{ model: import('ai').LanguageModel, tools?: import('ai').ToolSet }} Answerer */
/** What `useChat` sends. @typedef {{ id: string, messages: import('ai').UIMessage[], trigger: 'submit-message' | 'regenerate-message', messageId?: string }} ChatRequest */

const generateMessageId = createIdGenerator({ prefix: 'msg', size: 16 })

/** @param {ChatStore} chats @param {Answerer} answerer @param {ChatRequest} request @param {import('node:http').ServerResponse} response */
async function answer(chats, { model, tools = {} }, { id, messages: sent, trigger, messageId }, response) {
  // First the question: a stale tab is told before the model is asked, and no crash loses what the user wrote.
  const { id: checkpoint, branch } = await chats.save({ chatId: id, messages: sent, trigger, messageId })
  // What is stored: a tab that was stopped has only the beginning of its last answer.
  const messages = await chats.load(id, { at: checkpoint })
  const result = streamText({
    model,
    tools,
    stopWhen: stepCountIs(5),
    // A call that was cut off has no result, and no provider takes it.
    messages: await convertToModelMessages(messages, { tools, ignoreIncompleteToolCalls: true }),
  })
  result.pipeUIMessageStreamToResponse(response, {
    originalMessages: messages,
    generateMessageId,
    // Reads the answer to its end, so that all of it is saved even if the tab is closed meanwhile.
    consumeSseStream: consumeStream,
    onFinish: async ({ messages: all }) => {
      await chats.save({ chatId: id, messages: all, branch })
    },
  })
}

/** Starts the server on a free port. @param {ChatStore} chats @param {Answerer} answerer */
export async function listen(chats, answerer) {
  const server = createServer(async (request, response) => {
    const [, , id = '', what] = (request.url ?? '').split('/')
    const json = (/** @type {unknown} */ value, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    try {
      if (request.method === 'POST' && what === undefined) {
        await answer(chats, answerer, /** @type {ChatRequest} */ (await bodyOf(request)), response)
      } else if (request.method === 'POST') {
        const { branch } = /** @type {{ branch: string }} */ (await bodyOf(request))
        await chats.select(id, branch)
        json(await chats.load(id))
      } else if (what === 'siblings') json(Object.fromEntries(await chats.allSiblings(id)))
      else json(await chats.load(id))
    } catch (error) {
      const status = error instanceof ConflictError ? 409 : error instanceof ForkpointError ? 400 : 500
      json({ error: error instanceof Error ? error.message : String(error) }, status)
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return { server, url: `http://127.0.0.1:${address.port}/chat` }
}

/** @param {import('node:http').IncomingMessage} request */
async function bodyOf(request) {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  return JSON.parse(Buffer.concat(pieces).toString('utf8'))
}
