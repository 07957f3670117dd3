/** How a given message relates to the stored one: older, equal, newer, or a different message. */
import { both, kept, type Merged, mergeFields, mergeMetadata, openOf, type Preferred } from './merge.ts'
import { mergeParts } from './part-merge.ts'
import { isSame, isTrimmed, type StoredMessage } from './stored-message.ts'

/** The source of a message, which decides if the content does not show which is newer. */
export interface Origin {
  /** Whether it is the last of the list, and may be an answer in progress. */
  isLast: boolean
  /** Whether it was sent by a tab. A tab's messages may be outdated; a server's are not. */
  fromTab: boolean
  /** Whether the caller says that it has seen the newest checkpoint. */
  seen: boolean
}

export interface MergedMessage {
  /** The stored object itself if nothing is newer. */
  message: StoredMessage
  isNewer: boolean
  /** Whether a part of the given one is shorter or older. */
  isOlder: boolean
  /** Whether they differ in a way that does not show which is newer, so that the stored value was kept. */
  isOpen: boolean
}

/**
 * Merges two messages: each part in its later state. If that does not show (data parts, preliminary results, replaced
 * metadata), the given one counts if the caller has seen the newest checkpoint, if it is the answer that a server is
 * writing, or if its stream is further; else the stored one. `undefined` if they are different messages.
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

/** Only answers grow; the parts of other messages do not change. */
function partsOf(
  stored: StoredMessage,
  given: StoredMessage,
  preferred: Preferred,
): Merged<readonly unknown[]> | undefined {
  if (stored.role === 'assistant') return mergeParts(stored.parts, given.parts, preferred)
  return isTrimmed(given.parts, stored.parts) ? kept(stored.parts) : undefined
}
