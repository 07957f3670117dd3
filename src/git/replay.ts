/** Where refs belong after a crash: pure functions from journal records and what the disk says. */

import type { JournalRecord } from './journal.ts'
import type { GroupEntry } from './journal-entry.ts'

export interface Group {
  sequence: number
  entry: GroupEntry
  pack: Uint8Array
  /** It could not be put in place and was taken back: its moves do not count. */
  undone: boolean
}

/** A ref that goes from one value (an object id, or the name of a ref) to another; `null`: it does not exist. */
export interface Move {
  ref: string
  from: string | null
  to: string | null
}

export interface TimedMove extends Move {
  /** Milliseconds since 1970. */
  at: number
}

/** Every group, in order. */
export function groupsOf(records: readonly JournalRecord[]): Group[] {
  const undone = new Set(
    records.flatMap(({ entry }) => (entry.kind === 'done' && entry.undone ? [entry.group] : [])),
  )
  return records.flatMap(({ sequence, entry, pack }) =>
    entry.kind === 'group' ? [{ sequence, entry, pack, undone: undone.has(sequence) }] : [],
  )
}

/** All moves of a group, of plain and of symbolic refs. */
export const movesOf = ({ entry }: Group): readonly Move[] => [...entry.moves, ...entry.symbolic]

/**
 * Groups that were made durable and perhaps not put in place. A note may be lost, but a later group of the same
 * owner says the same: it could only begin once the locks of the earlier one were released.
 */
export function unfinished(records: readonly JournalRecord[]): Group[] {
  const done = new Set(records.flatMap(({ entry }) => (entry.kind === 'done' ? [entry.group] : [])))
  const later = new Set<string>()
  return groupsOf(records)
    .reverse()
    .filter((group) => {
      const refs = movesOf(group).map(({ ref }) => ref)
      const isLast = !refs.some((ref) => later.has(ref))
      for (const ref of refs) later.add(ref)
      return isLast && !done.has(group.sequence)
    })
    .reverse()
}

/** The moves of each ref, one list for each owner, in order. */
export function movesByRef(owners: readonly (readonly Group[])[]): Map<string, TimedMove[][]> {
  const byRef = new Map<string, TimedMove[][]>()
  for (const groups of owners) {
    const own = new Map<string, TimedMove[]>()
    for (const group of groups) {
      if (group.undone) continue
      for (const move of movesOf(group)) {
        const list = own.get(move.ref) ?? []
        own.set(move.ref, list)
        list.push({ ...move, at: group.entry.at })
      }
    }
    for (const [ref, list] of own) byRef.set(ref, [...(byRef.get(ref) ?? []), list])
  }
  return byRef
}

/**
 * One history of a ref from the lists of several owners. Each move was made under the ref's lock, so the next one
 * is the one that starts where the last ended; where none does (it was settled since), one whose start no
 * other list has still to reach. Clocks decide only what this leaves open: they may go backwards.
 */
export function history(lists: readonly (readonly TimedMove[])[]): TimedMove[] {
  const rest = lists.map((list) => [...list])
  const moves: TimedMove[] = []
  let value: string | null | undefined
  for (;;) {
    const heads = rest.filter((list) => list.length > 0)
    if (heads.length === 0) return moves
    const follows = heads.filter(([head]) => head!.from === value)
    const unreached = heads.filter(
      (list) => !heads.some((other) => other !== list && other.some(({ to }) => to === list[0]!.from)),
    )
    const candidates = follows.length > 0 ? follows : unreached.length > 0 ? unreached : heads
    const move = candidates.reduce((a, b) => (b[0]!.at < a[0]!.at ? b : a)).shift()!
    moves.push(move)
    value = move.to
  }
}

/** What the disk says of a ref: its value, or that its file is empty or garbage. */
export type Found = string | 'absent' | 'broken'

/**
 * Whether a ref that is `found` goes to the end of its recorded history: when it is at any value of that history,
 * broken, or an ancestor of the end. Absent counts only where the history begins with the ref's creation.
 * A ref that somebody else moved elsewhere, or deleted, stays as it is.
 */
export async function belongsAtEnd(
  moves: readonly Move[],
  found: Found,
  isAncestor: (a: string, b: string) => Promise<boolean>,
): Promise<boolean> {
  const end = moves.at(-1)!.to
  if (found === 'broken') return true
  if (found === 'absent') return moves[0]!.from === null && end !== null
  if (moves.some(({ from, to }) => from === found || to === found)) return found !== end
  return end !== null && (await isAncestor(found, end))
}
