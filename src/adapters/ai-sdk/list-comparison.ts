/** A list of messages beside the one that is stored: what stays, what has grown, what is new and how it is stored. */
import { encodeItem } from '../../codec/index.ts'
import { InvalidStateError } from '../../errors.ts'
import { deepCopy } from '../../json-value.ts'
import { redactValue } from '../../redaction/redact.ts'
import type { DocumentRules } from '../../store/document.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { ChatLine } from './chat-lines.ts'
import { MESSAGES } from './message-files.ts'
import { isCut, isGrown, isTrimmed, type StoredMessage } from './message-growth.ts'
import type { Comparison } from './turn.ts'

/** What a save makes of the chat: the messages afterwards, those that stay being the stored ones themselves. */
export interface NextList extends Comparison {
  messages: readonly StoredMessage[]
  /** Files of those that are not stored yet. */
  files: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>
}

/** Compares with what is stored, and encodes what is not. Throws InvalidStateError. */
export async function compareList(
  rules: DocumentRules,
  line: ChatLine | undefined,
  given: readonly StoredMessage[],
): Promise<NextList> {
  const stored = line?.messages ?? []
  const messages: StoredMessage[] = []
  const files = new Map<number, ReadonlyMap<string, Uint8Array>>()
  let [same, kept] = [stored.length, stored.length]
  const slice = new TimeSlice()
  for (let index = 0; index < given.length; index++) {
    if (index % 64 === 63 && slice.isOver()) await slice.next()
    const [before, message] = [stored[index], given[index]!]
    if (before !== undefined && kept > index && isStored(rules, line!, index, message)) {
      messages.push(before)
      continue
    }
    const clean = redacted(rules, message, index)
    if (before !== undefined) {
      same = Math.min(same, index)
      if (kept > index && !isGrown(before, clean)) kept = index
    }
    files.set(index, encodeItem(rules.layout, MESSAGES, index, clean))
    messages.push(deepCopy(clean))
  }
  return { messages, files, same: Math.min(same, given.length), kept: Math.min(kept, given.length) }
}

/** What is known of the chat once the list is stored. */
export function lineAfter(
  rules: DocumentRules,
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

function isStored(rules: DocumentRules, line: ChatLine, index: number, message: StoredMessage): boolean {
  const stored = line.messages[index]!
  const seen = line.asGiven.get(index) as StoredMessage | undefined
  if (isTrimmed(message, seen ?? stored) || isCut(message, seen ?? stored)) return true
  if (rules.redact === undefined) return false
  const clean = redacted(rules, message, index)
  if (!isTrimmed(clean, stored)) return isCut(clean, stored)
  line.asGiven.set(index, deepCopy(message))
  return true
}

function redacted({ redact }: DocumentRules, message: StoredMessage, index: number): StoredMessage {
  if (redact === undefined) return message
  const kept = redactValue(message, redact, [MESSAGES, index]) as StoredMessage | undefined
  if (kept?.id === message.id && kept.role === message.role && Array.isArray(kept.parts)) return kept
  throw new InvalidStateError([
    { path: [MESSAGES, index], message: 'must keep its id, role and parts when it is redacted' },
  ])
}
