/** Where refs belong after a crash: pure functions from journal records and what the disk says. */

import type { ObjectId, RefName } from '../../ids.ts'
import type { GroupEntry } from './entry.ts'
import type { JournalRecord } from './journal.ts'

export interface Group {
  sequence: number
  entry: GroupEntry
  pack: Uint8Array
  /** The group could not be put in place and was undone: its moves do not count. */
  undone: boolean
}

/** A ref that goes from one value (an object id, or the name of a ref) to another; `null`: it does not exist. */
export interface Move {
  ref: RefName
  from: RefName | ObjectId | null
  to: RefName | ObjectId | null
}

export interface OrderedMove extends Move {
  /** Larger than the number of every earlier move of the ref by any process (`move-clock.ts`). */
  order: number
}

/** For each ref the number of one of its moves. */
export type Orders = ReadonlyMap<RefName, number>

/** Every group, in order. */
export function groupsOf(records: readonly JournalRecord[]): Group[] {
  const undone = new Set(
    records.flatMap(({ entry }) => (entry.kind === 'done' && entry.undone ? [entry.group] : [])),
  )
  return records.flatMap(({ sequence, entry, pack }) =>
    entry.kind === 'group' ? [{ sequence, entry, pack, undone: undone.has(sequence) }] : [],
  )
}

/** All moves of a group: of plain and of symbolic refs. */
export const movesOf = ({ entry }: Group): readonly Move[] => [...entry.moves, ...entry.symbolic]

/**
 * Groups that are durable but perhaps not in place. The note that says so may be lost; then a later group of the same
 * owner proves it, because it could only begin once the earlier group's locks were released.
 */
export function unfinished(records: readonly JournalRecord[]): Group[] {
  const done = new Set(records.flatMap(({ entry }) => (entry.kind === 'done' ? [entry.group] : [])))
  const later = new Set<RefName>()
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

/** The number of the last move of each ref. */
export function lastOrders(groups: readonly Group[]): Map<RefName, number> {
  const last = new Map<RefName, number>()
  for (const group of groups)
    for (const { ref } of movesOf(group)) last.set(ref, Math.max(group.entry.order, last.get(ref) ?? 0))
  return last
}

/** The groups in one owner's journals, and for each ref the last move that other processes noted as settled. */
export interface OwnMoves {
  groups: readonly Group[]
  settled: Orders
}

/** The moves of each ref by all owners that no process has settled, in order. */
export function openMoves(owners: readonly OwnMoves[]): Map<RefName, OrderedMove[]> {
  const byRef = new Map<RefName, OrderedMove[]>()
  for (const { groups, settled } of owners) {
    for (const group of groups) {
      const { order } = group.entry
      if (group.undone) continue
      for (const move of movesOf(group)) {
        if (order <= (settled.get(move.ref) ?? 0)) continue
        const list = byRef.get(move.ref) ?? []
        byRef.set(move.ref, list)
        list.push({ ...move, order })
      }
    }
  }
  for (const list of byRef.values()) list.sort((a, b) => a.order - b.order)
  return byRef
}

/** What is on the disk for a ref: its value, or that its file is empty or garbage. */
export type OnDisk = RefName | ObjectId | 'absent' | 'broken'

/**
 * Whether a ref whose value is `found` has to move to the end of its unsettled moves: yes if it is broken, at a value
 * that the moves name (absence is one), or at an ancestor of the end. A ref that somebody else moved elsewhere or
 * deleted stays as it is.
 */
export async function belongsAtEnd(
  moves: readonly Move[],
  found: OnDisk,
  isAncestor: (a: string, b: string) => Promise<boolean>,
): Promise<boolean> {
  const end = moves.at(-1)!.to
  if (found === 'broken') return true
  const value = found === 'absent' ? null : found
  if (moves.some(({ from, to }) => from === value || to === value)) return value !== end
  return value !== null && end !== null && (await isAncestor(value, end))
}
