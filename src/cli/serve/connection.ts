/** The connection to one client: its messages, the server's messages, and the server's questions. */
import * as z from 'zod'
import { writeJson } from '../../codec/index.ts'
import { isJsonObject } from '../../json-value.ts'
import { CODE, ProtocolError, wireErrorOf } from './wire-error.ts'

/** A number or text, chosen by the sender of the request. */
export type RequestId = string | number

const idSchema = z.union([z.string(), z.number()])
const object = z.custom<Record<string, unknown>>(isJsonObject, 'has to be an object')
const version = z.literal('2.0')
const callSchema = z.object({
  jsonrpc: version,
  id: idSchema.optional(),
  method: z.string(),
  params: object.optional(),
})
const errorSchema = z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() })
const answerSchema = z.object({
  jsonrpc: version,
  id: idSchema,
  result: z.unknown().optional(),
  error: errorSchema.optional(),
})

export interface Call {
  /** `undefined` for a notification. */
  id: RequestId | undefined
  method: string
  params: Record<string, unknown>
}

export class Connection {
  readonly #output: NodeJS.WritableStream
  readonly #asked = new Map<
    RequestId,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >()
  #next = 1
  #gone = false

  /** @param lost called once when the client no longer reads */
  constructor(output: NodeJS.WritableStream, lost: () => void) {
    this.#output = output
    output.on('error', () => {
      this.#gone = true
      lost()
    })
  }

  /**
   * Parses a message. Returns it if it is a call; an answer to a question of the server is processed. Throws
   * ProtocolError.
   */
  receive(text: string): Call | undefined {
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      throw new ProtocolError(CODE.notJson, 'The line is not JSON.')
    }
    if (!isJsonObject(message)) {
      const why = Array.isArray(message)
        ? 'batches are not supported; send one message per line'
        : 'not an object'
      throw new ProtocolError(CODE.notARequest, `The line is not a message: ${why}.`)
    }
    const id = idSchema.safeParse(message.id)
    const data = id.success ? { request: id.data } : {}
    if (message.method === undefined) {
      const answer = answerSchema.safeParse(message)
      if (!answer.success)
        throw new ProtocolError(CODE.notARequest, 'The line is not a JSON-RPC 2.0 message.', data)
      this.#answered(answer.data)
      return undefined
    }
    const call = callSchema.safeParse(message)
    if (!call.success) {
      const issue = call.error.issues[0]
      const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`
      throw new ProtocolError(CODE.notARequest, `The line is not a JSON-RPC 2.0 message${where}.`, data)
    }
    return { id: call.data.id, method: call.data.method, params: call.data.params ?? {} }
  }

  /** Sends a notification. Resolves when the client can take more. */
  notify(method: string, params: Record<string, unknown>): Promise<void> {
    return this.#send({ jsonrpc: '2.0', method, params })
  }

  async respond(id: RequestId, result: unknown): Promise<void> {
    await this.#send({ jsonrpc: '2.0', id, result: result === undefined ? null : result })
  }

  async refuse(id: RequestId | null, error: unknown): Promise<void> {
    await this.#send({ jsonrpc: '2.0', id, error: wireErrorOf(error) })
  }

  /** Asks the client. Rejects if it answers with an error or is gone, or if the signal is aborted. */
  async ask(method: string, params: Record<string, unknown>, signal?: AbortSignal): Promise<unknown> {
    if (this.#gone) throw new ProtocolError(CODE.unexpected, 'The client has closed the connection.')
    const id = `q${this.#next++}`
    let abort = (): void => {}
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      abort = () => {
        void this.notify('$cancel', { id })
        reject(new ProtocolError(CODE.unexpected, 'The turn was cancelled.'))
      }
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted) abort()
    })
    answer.catch(() => {})
    try {
      if (!signal?.aborted) await this.#send({ jsonrpc: '2.0', id, method, params })
      return await answer
    } finally {
      this.#asked.delete(id)
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Rejects all open questions, since nothing more will come from the client. */
  endInput(): void {
    for (const { reject } of this.#asked.values()) {
      reject(new ProtocolError(CODE.unexpected, 'The client has closed the connection.'))
    }
  }

  #answered({ id, result, error }: z.infer<typeof answerSchema>): void {
    const asked = this.#asked.get(id)
    if (error === undefined) asked?.resolve(result)
    else asked?.reject(new Error(error.message))
  }

  async #send(message: Record<string, unknown>): Promise<void> {
    if (this.#gone) return
    const line = `${textOf(message)}\n`
    await new Promise<void>((resolve) => this.#output.write(line, () => resolve()))
  }
}

/** `JSON.stringify` would turn `-0` into `0`. */
function textOf(message: Record<string, unknown>): string {
  return writeJson(message, { compact: true })
}
