/** A raw client of `forkpoint serve`: lines out, lines in. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../support/build.ts'

// biome-ignore lint/suspicious/noExplicitAny: what a message holds is for each test to say.
export type Message = any

export class RawClient {
  readonly child: ChildProcess
  /** Every message that came, in order. */
  readonly received: Message[] = []
  /** Answers what the server asks. */
  onRequest: (request: Message) => unknown = () => null
  readonly #waiting = new Map<unknown, (message: Message) => void>()
  #next = 1

  constructor(cwd: string) {
    this.child = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'serve'], {
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.child.stdin!.on('error', () => {})
    createInterface({ input: this.child.stdout! }).on('line', (line) => void this.#receive(JSON.parse(line)))
  }

  write(text: string | Uint8Array): void {
    this.child.stdin!.write(text)
  }

  send(method: string, params: object = {}): { id: number; answer: Promise<Message> } {
    const id = this.#next++
    const answer = this.answerTo(id)
    this.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    return { id, answer }
  }

  /** The whole message that has this id. */
  answerTo(id: unknown): Promise<Message> {
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** The result. Throws the error of the message. */
  async call(method: string, params: object = {}): Promise<Message> {
    const { result, error } = await this.send(method, params).answer
    if (error !== undefined) throw error
    return result
  }

  /** Ends the input, and waits for the end. */
  async end(): Promise<number | null> {
    this.child.stdin!.end()
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    return this.child.exitCode
  }

  async #receive(message: Message): Promise<void> {
    this.received.push(message)
    if (message.method === undefined) {
      this.#waiting.get(message.id)?.(message)
      return
    }
    if (message.id === undefined) return
    const result = await this.onRequest(message)
    if (result !== undefined) this.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, result })}\n`)
  }
}
