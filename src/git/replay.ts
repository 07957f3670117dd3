/** Where refs belong after a power loss: pure functions from journal records and what the disk says. */
import type { ObjectId } from '../ids.ts'
import type { GroupEntry, JournalRecord, RefMove, SymbolicMove } from './journal.ts'

export interface Group {
  sequence: number
  entry: GroupEntry
  pack: Uint8Array
}

export interface TimedMove extends RefMove {
  at: number
}

export const groupsOf = (records: readonly JournalRecord[]): Group[] =>
  records.flatMap(({ sequence, entry, pack }) => (entry.kind === 'group' ? [{ sequence, entry, pack }] : []))

/** Groups that were made durable and perhaps not put in place. */
export function unfinished(records: readonly JournalRecord[]): Group[] {
  const done = new Set(records.flatMap(({ entry }) => (entry.kind === 'done' ? [entry.group] : [])))
  return groupsOf(records).filter(({ sequence }) => !done.has(sequence))
}

/** The moves of each ref, one list for each journal, in order. */
export function movesByRef(journals: readonly (readonly Group[])[]): Map<string, TimedMove[][]> {
  const byRef = new Map<string, TimedMove[][]>()
  for (const groups of journals) {
    const own = new Map<string, TimedMove[]>()
    for (const { entry } of groups) {
      for (const move of entry.moves) {
        const list = own.get(move.ref) ?? []
        own.set(move.ref, list)
        list.push({ ...move, at: entry.at })
      }
    }
    for (const [ref, list] of own) byRef.set(ref, [...(byRef.get(ref) ?? []), list])
  }
  return byRef
}

/**
 * One history of a ref from several journals: each move was made under the ref's lock, so the next one is the one
 * that starts where the last ended; where none does (its journal was settled since), the earliest.
 */
export function history(lists: readonly (readonly TimedMove[])[]): TimedMove[] {
  const rest = lists.map((list) => [...list])
  const moves: TimedMove[] = []
  let value: ObjectId | null | undefined
  for (;;) {
    const heads = rest.filter((list) => list.length > 0)
    if (heads.length === 0) return moves
    const follows = heads.filter((list) => list[0]!.from === value)
    const next = (follows.length > 0 ? follows : heads).reduce((a, b) => (b[0]!.at < a[0]!.at ? b : a))
    const move = next.shift()!
    moves.push(move)
    value = move.to
  }
}

/** What the disk says of a ref. `broken`: its file is empty or garbage. */
export type Found = ObjectId | 'absent' | 'broken'

/**
 * Whether a ref that is `found` goes to the end of its recorded history: when it is at any value of that history,
 * broken, or an ancestor of the end. Absent counts only where the history begins with the ref's creation.
 * A ref that somebody else moved elsewhere, or deleted, stays as it is.
 */
export async function belongsAtEnd(
  moves: readonly RefMove[],
  found: Found,
  isAncestor: (a: ObjectId, b: ObjectId) => Promise<boolean>,
): Promise<boolean> {
  const end = moves.at(-1)!.to
  if (found === 'broken') return true
  if (found === 'absent') return moves[0]!.from === null && end !== null
  if (moves.some(({ from, to }) => from === found || to === found)) return found !== end
  return end !== null && (await isAncestor(found, end))
}

/** The last symbolic move of each ref. */
export function lastSymbolic(journals: readonly (readonly Group[])[]): SymbolicMove[] {
  const last = new Map<string, { at: number; move: SymbolicMove }>()
  for (const { entry } of journals.flat()) {
    for (const move of entry.symbolic) {
      if ((last.get(move.ref)?.at ?? -Infinity) <= entry.at) last.set(move.ref, { at: entry.at, move })
    }
  }
  return [...last.values()].map(({ move }) => move)
}
