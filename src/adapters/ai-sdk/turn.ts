/** What a list of messages means on top of what is stored: the next turn, another try, an edit, or a stale tab. */
import type { StoredMessage } from './message-growth.ts'

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
 *
 * @param given how many messages the caller has
 */
export function turnOf(
  stored: readonly StoredMessage[],
  given: number,
  { same, kept }: Comparison,
  { trigger, messageId, seen }: TurnRequest,
): Turn {
  if (kept === stored.length) return same === stored.length && given === stored.length ? 'unchanged' : 'on'
  const at = messageId === undefined ? -1 : stored.findIndex(({ id }) => id === messageId)
  if (trigger === 'regenerate-message') {
    const answer = messageId === undefined ? stored.length - 1 : at
    // An answer is cut off itself; of a question, what follows it.
    const cut = stored[answer]?.role === 'assistant' ? answer : answer + 1
    if (answer !== -1 && kept >= cut) return 'regenerate'
  } else if (trigger === 'submit-message' && stored[at]?.role === 'user') {
    // The edited question keeps its id. Sent again as it was, only what follows is another.
    if (kept === at || kept === at + 1) return 'edit'
  }
  return seen ? 'branch' : 'stale'
}
