/** The output of a tool, and the limit of what the model sees of it. */
import { beginning, ending } from '../../excerpt.ts'

/** A tool could not do what it was asked to. The message is for the model. */
export class ToolFailure extends Error {}

export interface Outcome {
  text: string
  status: 'ok' | 'error' | 'cancelled' | 'timeout'
  exitCode?: number | null
  signal?: string
}

/** Most characters of a tool's output for the model and the session. */
export const OUTPUT_LIMIT = 50_000

/** The text, its middle left out with a note when it is longer than `limit` characters. */
export function cutOutput(text: string, limit: number = OUTPUT_LIMIT): string {
  if (text.length <= limit) return text
  const head = Math.ceil(limit * 0.6)
  const tail = limit - head
  const note = `\n[… ${text.length - limit} of ${text.length} characters left out; a tool's output is cut at ${limit} …]\n`
  return (beginning(text, head) + note + ending(text, tail)).toWellFormed()
}

/** Collects a stream of text of any length in bounded memory; keeps its start and its end. */
export class OutputBuffer {
  readonly #limit: number
  #head = ''
  #tail = ''
  #length = 0

  constructor(limit: number = OUTPUT_LIMIT) {
    this.#limit = limit
  }

  add(text: string): void {
    this.#length += text.length
    const room = Math.max(0, this.#limit - this.#head.length)
    this.#head += text.slice(0, room)
    this.#tail += text.slice(room)
    if (this.#tail.length > 4 * this.#limit) this.#tail = this.#tail.slice(-this.#limit)
  }

  get text(): string {
    if (this.#length <= this.#limit) return this.#head
    const start = Math.ceil(this.#limit * 0.6)
    const all = this.#head.slice(start) + this.#tail
    const note = `\n[… ${this.#length - this.#limit} of ${this.#length} characters left out; a tool's output is cut at ${this.#limit} …]\n`
    return (beginning(this.#head, start) + note + ending(all, this.#limit - start)).toWellFormed()
  }
}
