/** Makes the addition to a branch out of a turn, or of a sub-agent's run. */
import type { Message, Session } from '../../../state/index.ts'
import type { Addition, WriteOptions } from '../../../store/session-store.ts'
import type { ImportedRun } from '../../importer.ts'
import { addUsage } from '../usage.ts'

/** The fields of a branch's head that an addition needs. */
export type Head = Pick<Session, 'usage' | 'metadata'> & { model?: string | undefined }

/** What one checkpoint adds. */
export interface AppendRequest {
  messages: readonly Message[]
  runs: readonly ImportedRun[]
  /** The fields to set, by what the branch has before. */
  fields(head: Head): Partial<Session>
  /** Id of the turn, if the branch already has a part of it. */
  known: string | undefined
  options(head: Head): Omit<WriteOptions, 'expected' | 'branch'>
}

/**
 * Returns what to append, and how many messages of it are new.
 *
 * @param head the branch before
 * @param before the whole state before, if it already has a part of what is added
 */
export function additionOf(
  { messages, runs, fields, known }: AppendRequest,
  head: Head,
  before: Session | undefined,
): { addition: Addition; added: number } {
  const { changed, added } = changesOf(messages, before, known)
  let { usage } = head
  const additions = runs.map((run) => {
    const old = before?.runs.findLast(({ id }) => id === run.id)
    usage = addUsage(addUsage(usage, old?.usage, -1), run.usage)
    const last = old?.events.at(-1)?.sequence ?? -1
    return old === undefined ? run : { ...run, events: run.events.filter(({ sequence }) => sequence > last) }
  })
  return { addition: { messages: changed, runs: additions, set: { ...fields(head), usage } }, added }
}

/** Returns the messages of a turn that are new or have more lines now, and how many are new. */
function changesOf(
  messages: readonly Message[],
  state: Session | undefined,
  turn: string | undefined,
): { changed: readonly Message[]; added: number } {
  if (state === undefined || turn === undefined) return { changed: messages, added: messages.length }
  const old = new Map<string, Message>()
  for (let at = state.messages.length - 1; at >= 0; at--) {
    const message = state.messages[at] as Message
    if (message.run !== turn) break
    old.set(message.id, message)
  }
  const changed = messages.filter(({ id, source }) => {
    const before = old.get(id)
    return before === undefined || JSON.stringify(before.source) !== JSON.stringify(source)
  })
  return { changed, added: changed.filter(({ id }) => !old.has(id)).length }
}
