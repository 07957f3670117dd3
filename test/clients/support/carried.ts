/** Whether all that was said in a session has reached a model. */
import type { Conversation } from '../../../src/importers/index.ts'
import { NO_RESULT } from '../../../src/importers/out/conversation.ts'
import type { Item } from './arrived.ts'

/**
 * What is missing first, in words; `undefined`: nothing. What the tool adds of its own, such as its instructions, is
 * no matter; thinking and the words of the system are not looked for.
 */
export function missingFrom(
  items: readonly Item[],
  { utterances }: Conversation,
  renamed: Readonly<Record<string, string>> = {},
): string | undefined {
  const results = new Map(items.flatMap((item) => (item.kind === 'result' ? [[item.id, item.text]] : [])))
  const reader = new Reader(items)
  for (const { role, pieces } of utterances) {
    if (role === 'system') continue
    for (const piece of pieces) {
      if (piece.kind === 'text' && !reader.text(role, piece.text))
        return `${role}: ${piece.text.slice(0, 200)}`
      if (piece.kind === 'image' && !reader.next((item) => item.kind === 'image' && item.data === piece.data))
        return `an image, ${piece.mediaType}`
      if (piece.kind !== 'call') continue
      const call = reader.next(
        (item) =>
          item.kind === 'call' &&
          item.tool === (renamed[piece.tool] ?? piece.tool) &&
          isSame(item.input, piece.input),
      )
      if (call?.kind !== 'call') return `call of ${piece.tool} ${JSON.stringify(piece.input).slice(0, 200)}`
      const result = results.get(call.id) ?? ''
      if (
        piece.result.text !== NO_RESULT &&
        !linesOf(piece.result.text).every((line) => squeezed(result).includes(line))
      )
        return `result of ${piece.tool}: ${piece.result.text.slice(0, 200)}; there is: ${result.slice(0, 200)}`
    }
  }
  return undefined
}

/** The lines of a result that are text; what is not is named in a line of its own, and sent as it was. */
const linesOf = (text: string): string[] =>
  (/^(?:\[[a-z]+\/[\w.+-]+\]|\{"type":"\w+".*\})$/m.test(text)
    ? text.split('\n').filter((line) => !/^(?:\[[a-z]+\/|\{"type":)/.test(line))
    : [text]
  ).map(squeezed)

/** Goes through what arrived, in order. */
class Reader {
  readonly #items: readonly Item[]
  #at = 0
  /** How much of the text there has been found. */
  #offset = 0

  constructor(items: readonly Item[]) {
    this.#items = items
  }

  text(role: string, text: string): boolean {
    const wanted = squeezed(text)
    for (let at = this.#at; at < this.#items.length; at++) {
      const item = this.#items[at] as Item
      if (item.kind !== 'text' || item.role !== role) continue
      const found = squeezed(item.text).indexOf(wanted, at === this.#at ? this.#offset : 0)
      if (found === -1) continue
      this.#at = at
      this.#offset = found + wanted.length
      return true
    }
    return false
  }

  next(isIt: (item: Item) => boolean): Item | undefined {
    for (let at = this.#at; at < this.#items.length; at++) {
      if (!isIt(this.#items[at] as Item)) continue
      this.#at = at + 1
      this.#offset = 0
      return this.#items[at]
    }
    return undefined
  }
}

/** Without white space, which tools treat as they like. */
const squeezed = (text: string): string => text.replace(/\s+/g, '')

function isSame(a: unknown, b: unknown): boolean {
  return sorted(a) === sorted(b)
}

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
