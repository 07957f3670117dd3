/**
 * A small model provider on 127.0.0.1: it speaks OpenAI chat-completions (`/v1/chat/completions`) and Anthropic
 * messages (`/v1/messages`), streaming and not, from a script of turns, and misbehaves when told to. It refuses, as
 * the real ones do, a history that is not valid.
 */
import { createServer } from 'node:http'
import { anthropicProblem } from './history-rules-anthropic.mjs'
import { openAiProblem } from './history-rules-openai.mjs'
import { sendAnthropic } from './model-server-anthropic.mjs'
import { sendOpenAi } from './model-server-openai.mjs'
export class ModelServer {
  /** Every request, refused ones too. */
  requests = []
  /** Why histories were refused. */
  problems = []
  #server
  #script
  #asked = 0
  constructor(script) {
    this.#script = script
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }
  static async start(script = []) {
    const server = new ModelServer(script)
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
    const body = JSON.parse(await textOf(request))
    const protocol = request.url?.endsWith('/messages') ? 'anthropic' : 'openai'
    const seen = { protocol, headers: request.headers, body }
    this.requests.push(seen)
    const problem = protocol === 'openai' ? openAiProblem(body) : anthropicProblem(body)
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
    else await sendAnthropic(response, body, turn, index)
  }
}
function refuse(response, status, message) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ type: 'error', error: { type: 'scripted', message } }))
}
async function textOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
