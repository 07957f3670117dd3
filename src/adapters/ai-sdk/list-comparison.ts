/**
 * Compares a list of messages with the stored one: which messages stay, have grown, or are new, and how they are
 * stored.
 */

import type { CheckpointRules } from '../../checkpoints/checkpoints.ts'
import { encodeItem } from '../../codec/index.ts'
import { InvalidStateError } from '../../errors.ts'
import { deepCopy } from '../../json-value.ts'
import { redactValue } from '../../redaction/redact.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { ChatLine } from './chat-lines.ts'
import { MESSAGES } from './message-files.ts'
import { type MergedMessage, mergeMessage, type Origin } from './message-merge.ts'
import { isSame, isTrimmed, type StoredMessage } from './stored-message.ts'
import type { Comparison } from './turn.ts'

/** The chat after a save; messages that stay are the stored objects themselves. */
export interface NextList extends Comparison {
  messages: readonly StoredMessage[]
  /** Files of messages that are not stored yet. */
  files: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>
}

/**
 * Compares with the stored messages, and encodes new ones. A stored message keeps its later state, wherever it is in
 * the list. Throws InvalidStateError.
 */
export async function compareList(
  rules: CheckpointRules,
  line: ChatLine | undefined,
  given: readonly StoredMessage[],
  { fromTab, seen }: Pick<Origin, 'fromTab' | 'seen'>,
): Promise<NextList> {
  const stored = line?.messages ?? []
  let numbers: ReadonlyMap<string, number> | undefined
  const numberOf = (id: string): number => {
    numbers ??= new Map(stored.map((message, index) => [message.id, index]))
    return numbers.get(id) ?? -1
  }
  const start = rules.redact === undefined ? startOf(stored, given) : []
  const list = new List(rules, stored.length, start)
  const slice = new TimeSlice()
  let behind: number | undefined
  for (let index = start.length; index < given.length; index++) {
    if (index % 64 === 63 && slice.isOver()) await slice.next()
    const message = given[index]!
    const known = list.kept > index && rules.redact === undefined ? stored[index] : undefined
    if (known !== undefined && isSame(known, message)) {
      list.stays(known)
      continue
    }
    const isLast = index === given.length - 1
    // After the first difference, messages may have moved because others were deleted.
    const from = list.kept > index ? index : isLast ? -1 : numberOf(message.id)
    const merged =
      from < 0 ? undefined : await mergeStored(rules, line!, from, message, { isLast, fromTab, seen })
    if (list.kept > index) {
      if (merged === undefined) list.kept = Math.min(list.kept, index)
      else if (merged.isOpen ? !fromTab : merged.isOlder && isLast) behind ??= index
    }
    if (merged !== undefined && !merged.isNewer && from === index) list.stays(merged.message)
    else list.put(index, merged?.message ?? (await redacted(rules, message, index)))
  }
  // Everything is stored already, in a newer state: the caller's list is older.
  if (behind !== undefined && !list.isNew && given.length === stored.length) {
    list.kept = behind
    list.put(behind, await redacted(rules, given[behind]!, behind))
  }
  const late = !fromTab && list.kept >= given.length && list.isNew ? stored.slice(given.length) : []
  return list.compared(given.length, late)
}

/** Returns the stored messages at the start of the list that are there themselves. */
function startOf(stored: readonly StoredMessage[], given: readonly StoredMessage[]): StoredMessage[] {
  let same = 0
  while (same < stored.length && stored[same] === given[same]) same++
  return stored.slice(0, same)
}

/** The resulting list. */
class List {
  readonly #rules: CheckpointRules
  readonly #messages: StoredMessage[]
  readonly #files = new Map<number, ReadonlyMap<string, Uint8Array>>()
  readonly #stored: number
  #same: number
  /** The number of messages at the start that are unchanged or have grown. */
  kept: number

  constructor(rules: CheckpointRules, stored: number, start: StoredMessage[]) {
    this.#rules = rules
    this.#messages = start
    this.#stored = stored
    this.#same = stored
    this.kept = stored
  }

  get isNew(): boolean {
    return this.#files.size > 0
  }

  stays(message: StoredMessage): void {
    this.#messages.push(message)
  }

  put(index: number, message: StoredMessage): void {
    if (index < this.#stored) this.#same = Math.min(this.#same, index)
    this.#files.set(index, encodeItem(this.#rules.layout, MESSAGES, index, message))
    this.#messages[index] = deepCopy(message)
  }

  /** @param late stored messages that follow: an answer that was finished after the chat had continued */
  compared(given: number, late: readonly StoredMessage[]): NextList {
    const end = given + late.length
    return {
      messages: [...this.#messages, ...late],
      files: this.#files,
      same: Math.min(this.#same, end),
      kept: Math.min(this.kept, end),
    }
  }
}

/** The decoded chat after the list is stored. */
export function lineAfter(
  rules: CheckpointRules,
  line: ChatLine | undefined,
  given: readonly StoredMessage[],
  { messages, files }: NextList,
  stored: Pick<ChatLine, 'commit' | 'fields'>,
): ChatLine {
  const asGiven = new Map(line?.asGiven)
  for (const index of asGiven.keys()) if (index >= messages.length) asGiven.delete(index)
  let bytes = line?.bytes ?? 0
  for (const [index, encoded] of files) {
    for (const file of encoded.values()) bytes += file.length
    if (rules.redact === undefined) continue
    if (isTrimmed(given[index], messages[index])) asGiven.delete(index)
    else asGiven.set(index, deepCopy(given[index]))
  }
  return { ...stored, messages, asGiven, bytes }
}

/**
 * Compares a message with the stored one of that number. Text that `redact` removed is missing in the stored one: then
 * the caller's earlier message is compared, if it is known.
 */
async function mergeStored(
  rules: CheckpointRules,
  line: ChatLine,
  index: number,
  message: StoredMessage,
  origin: Origin,
): Promise<MergedMessage | undefined> {
  const stored = line.messages[index]!
  if (rules.redact === undefined) return mergeMessage(stored, message, origin)
  const seen = line.asGiven.get(index) as StoredMessage | undefined
  const asGiven = seen && mergeMessage(seen, message, origin)
  if (asGiven?.isNewer === false) return { ...asGiven, message: stored }
  const merged = mergeMessage(stored, await redacted(rules, message, index), origin)
  if (merged !== undefined || asGiven === undefined) {
    if (merged?.isNewer === false && !merged.isOlder) line.asGiven.set(index, deepCopy(message))
    return merged
  }
  return { ...asGiven, message: await redacted(rules, asGiven.message, index) }
}

async function redacted(
  { redact }: CheckpointRules,
  message: StoredMessage,
  index: number,
): Promise<StoredMessage> {
  if (redact === undefined) return message
  const kept = (await redactValue(message, redact, [MESSAGES, index])) as StoredMessage | undefined
  if (kept?.id === message.id && kept.role === message.role && Array.isArray(kept.parts)) return kept
  throw new InvalidStateError([
    { path: [MESSAGES, index], message: 'must keep its id, role and parts when it is redacted' },
  ])
}
