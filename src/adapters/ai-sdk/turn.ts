/** What a list of messages means on top of what is stored: the next turn, another try, an edit, or a stale tab. */
import type { StoredMessage } from './stored-message.ts'

/** What `useChat` sends with a request. */
export type ChatTrigger = 'submit-message' | 'regenerate-message'

/** How a list compares with the stored one. */
export interface Comparison {
  /** How many messages at the start are as they are stored. */
  same: number
  /** How many at the start are as they are stored or have grown. */
  kept: number
}

export interface TurnRequest {
  trigger: ChatTrigger | undefined
  messageId: string | undefined
  /** Whether the caller says to have seen the newest checkpoint. */
  seen: boolean
}

/** `unchanged`: nothing to write; `on`: on top of the branch; the others start a branch; `stale`: a conflict. */
export type Turn = 'unchanged' | 'on' | 'regenerate' | 'edit' | 'branch' | 'stale'

/**
 * What the caller wants. A list that goes on from the stored one is its next turn, whatever the trigger says: a
 * regenerated answer may be saved in pieces, and its branch is the active one from the first piece on.
 */
export function turnOf(
  stored: readonly StoredMessage[],
  { messages, same, kept }: Comparison & { messages: readonly StoredMessage[] },
  { trigger, messageId, seen }: TurnRequest,
): Turn {
  if (kept === stored.length)
    return same === stored.length && messages.length === stored.length ? 'unchanged' : 'on'
  const at = messageId === undefined ? -1 : stored.findIndex(({ id }) => id === messageId)
  if (trigger === 'regenerate-message') {
    const answer = messageId === undefined ? stored.length - 1 : at
    // An answer is cut off itself; of a question, what follows it.
    const cut = stored[answer]?.role === 'assistant' ? answer : answer + 1
    if (answer !== -1 && (kept >= cut || isThinned(messages, stored, cut - 1))) return 'regenerate'
  } else if (trigger === 'submit-message' && stored[at]?.role === 'user') {
    // The edited question keeps its id. Sent again as it was, only what follows is another.
    if (kept === at || kept === at + 1 || isThinned(messages, stored, at)) return 'edit'
  }
  return seen || hasSeenAll(messages, stored, kept) ? 'branch' : 'stale'
}

/**
 * Whether the list is the stored one up to this message of it, but that some before it are missing: they were deleted
 * where the list comes from.
 */
function isThinned(given: readonly StoredMessage[], stored: readonly StoredMessage[], at: number): boolean {
  const end = given.findIndex(({ id }) => id === stored[at]?.id)
  let from = 0
  return (
    end !== -1 &&
    end < at &&
    given.slice(0, end).every(({ id }) => {
      const found = stored.findIndex((message, index) => index >= from && index < at && message.id === id)
      from = found + 1
      return found !== -1
    })
  )
}

/**
 * Whether the list shows that its owner knows the newest message, so that others are missing because they were
 * deleted. Where the last one is an answer, its question will do if another question follows: the answer was deleted, or
 * was stopped before anything of it came.
 */
function hasSeenAll(
  given: readonly StoredMessage[],
  stored: readonly StoredMessage[],
  kept: number,
): boolean {
  const last = stored.length - 1
  if (isThinned(given, stored, last)) return true
  const next = given.findIndex(({ id }) => id === stored[last - 1]?.id) + 1
  if (stored[last]?.role !== 'assistant' || given[next]?.role !== 'user') return false
  return kept === last || isThinned(given, stored, last - 1)
}
