/** How a message that is handed over again relates to the one that is stored: older, the same, newer, or another one. */
import { both, kept, type Merged, mergeFields, mergeMetadata, openOf, type Preferred } from './merge.ts'
import { mergeParts } from './part-merge.ts'
import { isSame, isTrimmed, type StoredMessage } from './stored-message.ts'

/** Where a message comes from, which decides where its content does not show what is newer. */
export interface Origin {
  /** Whether the list ends with it: it may be an answer that is being written. */
  isLast: boolean
  /** Whether a tab has sent it. What a tab shows may be older, what a server saves is not. */
  fromTab: boolean
  /** Whether the caller says to have seen the newest. */
  seen: boolean
}

export interface MergedMessage {
  /** The stored one itself when nothing is newer. */
  message: StoredMessage
  isNewer: boolean
  /** Whether the given one ends earlier, or lags behind, in something. */
  isOlder: boolean
  /** Whether they differ in something that does not show what is newer, so that what is stored was kept. */
  isOpen: boolean
}

/**
 * The message of both: each part in its later state. Where that does not show (data parts, preliminary results,
 * metadata that was replaced), the given one counts if the caller has seen the newest, if it is the answer that a
 * server is writing, or if it is further in its stream; else the stored one. `undefined` when they are two messages.
 */
export function mergeMessage(
  stored: StoredMessage,
  given: StoredMessage,
  { isLast, fromTab, seen }: Origin,
): MergedMessage | undefined {
  const merged = isSame(stored, given) ? kept(stored) : mergedWith(stored, given, 'stored')
  if (merged === undefined) return undefined
  const { newer, older, grown, open } = merged
  const takesGiven = open && (seen || (!older && (grown || (isLast && !fromTab))))
  const { value } = takesGiven ? mergedWith(stored, given, 'given')! : merged
  const isNewer = newer || takesGiven
  return { message: isNewer ? value : stored, isNewer, isOlder: older, isOpen: open && !takesGiven }
}

function mergedWith(
  stored: StoredMessage,
  given: StoredMessage,
  preferred: Preferred,
): Merged<StoredMessage> | undefined {
  if (stored.id !== given.id || stored.role !== given.role) return undefined
  const parts = partsOf(stored, given, preferred)
  if (parts === undefined) return undefined
  const fields = mergeFields(stored, { ...given, parts: stored.parts }, (key, a, b) =>
    key === 'metadata' ? mergeMetadata(a, b, preferred) : openOf(a, b, preferred),
  )!
  return both({ ...fields.value, parts: parts.value } as StoredMessage, fields, parts)
}

/** Answers go on; of all other messages the parts are what they are. */
function partsOf(
  stored: StoredMessage,
  given: StoredMessage,
  preferred: Preferred,
): Merged<readonly unknown[]> | undefined {
  if (stored.role === 'assistant') return mergeParts(stored.parts, given.parts, preferred)
  return isTrimmed(given.parts, stored.parts) ? kept(stored.parts) : undefined
}
