/** Decides what a list of messages means for the stored chat: the next turn, another try, an edit, or a stale tab. */
import type { StoredMessage } from './stored-message.ts'

/** What `useChat` sends with a request. */
export type ChatTrigger = 'submit-message' | 'regenerate-message'

/** How a list compares with the stored one. */
export interface Comparison {
  /** The number of messages at the start that are unchanged. */
  same: number
  /** The number of messages at the start that are unchanged or have grown. */
  kept: number
}

export interface TurnRequest {
  trigger: ChatTrigger | undefined
  messageId: string | undefined
  /** Whether the caller says that it has seen the newest checkpoint. */
  seen: boolean
}

/** `unchanged`: nothing to write; `on`: continues the branch; `stale`: a conflict; the others start a branch. */
export type Turn = 'unchanged' | 'on' | 'regenerate' | 'edit' | 'branch' | 'stale'

/**
 * Decides what the caller wants. A list that continues the stored one is its next turn, whatever the trigger says: a
 * regenerated answer may be saved in pieces, and its branch is active from the first piece on.
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
    // A regenerated answer is cut off itself; after a question, what follows it is cut off.
    const cut = stored[answer]?.role === 'assistant' ? answer : answer + 1
    if (answer !== -1 && (kept >= cut || isThinned(messages, stored, cut - 1))) return 'regenerate'
  } else if (trigger === 'submit-message' && stored[at]?.role === 'user') {
    // An edited question keeps its id. If it is sent again unchanged, only what follows differs.
    if (kept === at || kept === at + 1 || isThinned(messages, stored, at)) return 'edit'
  }
  return seen || hasSeenAll(messages, stored, kept) ? 'branch' : 'stale'
}

/**
 * Whether the list is the stored one up to this message, except for missing messages before it, which the caller has
 * deleted.
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
 * Whether the list shows that the caller knows the newest message, so that missing messages were deleted. If the last
 * one is an answer, its question is enough if another question follows: the answer was deleted, or stopped before any
 * of it arrived.
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
