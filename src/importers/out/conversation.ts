/**
 * The conversation of any tool's session in a form that other tools accept: every call has a result, ids and names are
 * valid everywhere, and nothing is specific to one provider.
 */
import { isJsonObject, type JsonObject } from '../../json-value.ts'
import type { Message, MessagePart, Session } from '../../state/index.ts'

export interface Conversation {
  title: string | undefined
  model: string | undefined
  utterances: readonly Utterance[]
  /** Descriptions of what could not be transferred unchanged. */
  notes: readonly string[]
}

export interface Utterance {
  role: 'system' | 'user' | 'assistant'
  /** ISO 8601. */
  at: string
  pieces: readonly Piece[]
}

export type Piece =
  | { kind: 'text' | 'thinking'; text: string }
  | { kind: 'image'; data: string; mediaType: string }
  | Call

export interface Call {
  kind: 'call'
  id: string
  tool: string
  input: JsonObject
  result: { text: string; failed: boolean }
}

/** Placeholder for the result of a call that has none. */
export const NO_RESULT = '(no result: the call was interrupted)'

export function conversationOf({ messages, title, model }: Session): Conversation {
  const reader = new Reader(messages)
  return { title, model, utterances: reader.read(), notes: reader.notes() }
}

class Reader {
  readonly #messages: readonly Message[]
  readonly #ids = new Set<string>()
  /** Results that were assigned to a call. */
  readonly #taken = new Set<MessagePart>()
  readonly #counts = { orphans: 0, open: 0, left: 0 }

  constructor(messages: readonly Message[]) {
    this.#messages = messages
  }

  read(): Utterance[] {
    const said: Utterance[] = []
    for (const [index, { role, createdAt: at, content, parts }] of this.#messages.entries()) {
      const list = parts ?? [{ type: 'text', text: content }]
      if (role === 'tool') said.push(...this.#orphans(list, at))
      else {
        const pieces = list.flatMap((part) => this.#piece(part, index))
        for (const some of apart(pieces)) said.push({ role, at, pieces: some })
      }
    }
    return said.reduce<Utterance[]>(joinedWith, [])
  }

  notes(): string[] {
    const { orphans, open, left } = this.#counts
    return [
      ...(orphans > 0 ? [`${some(orphans, 'result')} without a call became text`] : []),
      ...(open > 0 ? [`${some(open, 'call')} without a result got one that says so`] : []),
      ...(left > 0 ? [`left out ${some(left, 'part')} that only one tool knows`] : []),
    ]
  }

  #piece(part: MessagePart, index: number): Piece[] {
    const { type, text, image, mediaType, data } = part
    if (type === 'text' && typeof text === 'string') return text === '' ? [] : [{ kind: 'text', text }]
    if (type === 'reasoning' && typeof text === 'string')
      return text === '' ? [] : [{ kind: 'thinking', text }]
    if (type === 'tool-call') return [this.#call(part, index)]
    const content = image ?? data
    if (typeof content === 'string' && typeof mediaType === 'string' && mediaType.startsWith('image/'))
      return [{ kind: 'image', data: content, mediaType }]
    this.#counts.left++
    return []
  }

  #call({ toolCallId, toolName, input }: MessagePart, index: number): Call {
    const result = this.#resultOf(toolCallId, index)
    if (result === undefined) this.#counts.open++
    return {
      kind: 'call',
      id: this.#freeId(String(toolCallId)),
      tool:
        String(toolName)
          .replace(/[^\w-]/g, '_')
          .slice(0, 64) || 'unknown',
      input: isJsonObject(input) ? input : { input },
      result: result ?? { text: NO_RESULT, failed: true },
    }
  }

  /** Returns the first later result of the call that is not assigned to another call. */
  #resultOf(id: unknown, index: number): Call['result'] | undefined {
    for (let at = index + 1; at < this.#messages.length; at++) {
      const { role, parts = [] } = this.#messages[at] as Message
      if (role !== 'tool') continue
      const found = parts.find(
        (part) => part.type === 'tool-result' && part.toolCallId === id && !this.#taken.has(part),
      )
      if (found === undefined) continue
      this.#taken.add(found)
      return resultIn(found)
    }
    return undefined
  }

  /**
   * Returns a unique id that all providers accept. Avoids `x_2` if `x` exists, because Claude Code treats `x_2` as a
   * copy of `x` and drops its result.
   */
  #freeId(given: string): string {
    const valid = given.replace(/[^\w-]/g, '_').slice(0, 56) || 'call'
    const [, base, number] = /^(.+)_(\d+)$/.exec(valid) ?? []
    const plain = base !== undefined && this.#ids.has(base) ? `${base}-${number}` : valid
    let id = plain
    for (let next = 2; this.#ids.has(id); next++) id = `${plain}-${next}`
    this.#ids.add(id)
    return id
  }

  #orphans(parts: readonly MessagePart[], at: string): Utterance[] {
    const left = parts.filter((part) => part.type === 'tool-result' && !this.#taken.has(part))
    this.#counts.orphans += left.length
    return left.map((part) => {
      const text = `[Result of ${String(part.toolName)}]\n${resultIn(part).text}`
      return { role: 'user' as const, at, pieces: [{ kind: 'text' as const, text }] }
    })
  }
}

function resultIn({ output }: MessagePart): Call['result'] {
  const { type } = isJsonObject(output) ? output : ({} as JsonObject)
  return { text: outputText(output), failed: type === 'error-text' || type === 'error-json' }
}

/** Returns a result as text. Media are replaced by their type. */
function outputText(output: unknown): string {
  const value = isJsonObject(output) ? (output.value ?? output.reason ?? output) : output
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return JSON.stringify(value ?? null)
  return value
    .map((item: unknown) => {
      if (isJsonObject(item) && typeof item.text === 'string') return item.text
      return isJsonObject(item) && item.type === 'media'
        ? `[${String(item.mediaType)}]`
        : JSON.stringify(item)
    })
    .join('\n')
}

/** Splits pieces after calls, because what follows a call was said after its result. */
function apart(pieces: readonly Piece[]): Piece[][] {
  const found: Piece[][] = []
  for (const [index, piece] of pieces.entries()) {
    const isNext = piece.kind !== 'call' && pieces[index - 1]?.kind === 'call'
    if (index === 0 || isNext) found.push([piece])
    else found.at(-1)?.push(piece)
  }
  return found
}

/** Joins consecutive messages of one role, unless a call separates them. */
function joinedWith(all: Utterance[], next: Utterance): Utterance[] {
  const last = all.at(-1)
  const apart = last?.pieces.some(({ kind }) => kind === 'call') && next.role === 'assistant'
  if (last === undefined || last.role !== next.role || next.role === 'system' || apart) return [...all, next]
  all[all.length - 1] = { ...last, pieces: [...last.pieces, ...next.pieces] }
  return all
}

const some = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
