/**
 * A small model provider on 127.0.0.1: it speaks OpenAI chat-completions (`/v1/chat/completions`) and Anthropic
 * messages (`/v1/messages`), streaming and not, from a script of turns, and misbehaves when told to. It refuses, as
 * the real ones do, a history that is not valid. For tools that speak them, it also answers OpenAI responses
 * (`/v1/responses`) and Gemini's `generateContent`; their histories it does not judge.
 */
import { createServer } from 'node:http'
import { anthropicProblem } from './history-rules-anthropic.mjs'
import { openAiProblem } from './history-rules-openai.mjs'
import { sendAnthropic } from './model-server-anthropic.mjs'
import { sendGemini } from './model-server-gemini.mjs'
import { sendOpenAi } from './model-server-openai.mjs'
import { sendResponses } from './model-server-responses.mjs'
import { tokensOf } from './model-server-stream.mjs'
export class ModelServer {
  /** Every request, refused ones too. */
  requests = []
  /** Why histories were refused. */
  problems = []
  #server
  #script
  #isStrict
  #asked = 0
  constructor(script, { strict = true } = {}) {
    this.#script = script
    this.#isStrict = strict
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }
  static async start(script = [], options) {
    const server = new ModelServer(script, options)
    await new Promise((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }
  /** For `base_url`. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/v1`
  }
  /** Starts a new script. */
  play(script) {
    this.#script = script
    this.#asked = 0
  }
  async close() {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
  async #answer(request, response) {
    const text = await textOf(request)
    const path = new URL(request.url ?? '/', this.url).pathname
    const protocol = PROTOCOLS.find(([end]) => end.test(path))?.[1]
    if (protocol === undefined || request.method !== 'POST') {
      refuse(response, 404, `nothing answers ${request.method} ${path}`)
      return
    }
    const body = JSON.parse(text)
    if (protocol === 'count') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ input_tokens: tokensOf(text), totalTokens: tokensOf(text) }))
      return
    }
    const seen = { protocol, headers: request.headers, body }
    this.requests.push(seen)
    const problem = this.#isStrict ? PROBLEMS[protocol]?.(body) : undefined
    if (problem !== undefined) {
      this.problems.push(problem)
      refuse(response, 400, problem)
      return
    }
    const index = this.#asked++
    const turn =
      typeof this.#script === 'function'
        ? this.#script(seen, index)
        : (this.#script[index] ?? { text: 'Done.' })
    const { fault } = turn
    if (fault?.kind === 'status') {
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter)
      refuse(response, fault.status, fault.message ?? `scripted ${fault.status}`)
      return
    }
    if (fault?.kind === 'garbage') {
      response.writeHead(200, { 'content-type': body.stream ? 'text/event-stream' : 'application/json' })
      response.end(body.stream ? 'data: {"this is": no JSON\n\n' : '<html>busy</html>')
      return
    }
    if (fault?.kind === 'silent') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      return
    }
    if (protocol === 'openai') await sendOpenAi(response, body, turn, index)
    else if (protocol === 'anthropic') await sendAnthropic(response, body, turn, index)
    else if (protocol === 'responses') await sendResponses(response, body, turn, index)
    else await sendGemini(response, body, turn, index, path.endsWith(':streamGenerateContent'))
  }
}
const PROTOCOLS = [
  [/\/messages$/, 'anthropic'],
  [/\/chat\/completions$/, 'openai'],
  [/\/responses$/, 'responses'],
  [/:(?:stream)?[gG]enerateContent$/, 'gemini'],
  [/(?:\/messages\/count_tokens|:countTokens)$/, 'count'],
]
const PROBLEMS = { anthropic: anthropicProblem, openai: openAiProblem }
function refuse(response, status, message) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ type: 'error', error: { type: 'scripted', message } }))
}
async function textOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
