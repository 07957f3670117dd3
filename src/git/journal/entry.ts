/**
 * What a journal's records say, and how they are read: a journal may have been written by anyone, so every field is
 * checked.
 */
import { isLockName, isObjectId, isRefName, type LockName } from '../../ids.ts'
import type { RefMove, SymbolicMove } from '../refs/moves.ts'

/**
 * `locks`: refs whose lock will be taken. `group`: saves that this record makes durable. `done`: a group is in place,
 * or (`undone`) it could not be put in place and does not count.
 */
export type JournalEntry =
  | { kind: 'locks'; refs: readonly LockName[] }
  | GroupEntry
  | { kind: 'done'; group: number; undone?: true }

export interface GroupEntry {
  kind: 'group'
  /** Larger than the number of every earlier group that moved one of these refs. */
  order: number
  moves: readonly RefMove[]
  symbolic: readonly SymbolicMove[]
  /** Name of the pack that the record carries: 40 hex digits. */
  pack: string | null
  /** Another pack that was placed with the group, merged from packs of earlier records; not synced either. */
  merged?: string
}

/** Parses an entry. Returns `undefined` when the text is not an entry, or names anything outside the store. */
export function parseEntry(text: string): JournalEntry | undefined {
  let entry: JournalEntry
  try {
    entry = JSON.parse(text) as JournalEntry
  } catch {
    return undefined
  }
  if (typeof entry !== 'object' || entry === null) return undefined
  if (entry.kind === 'done') return Number.isSafeInteger(entry.group) ? entry : undefined
  if (entry.kind === 'locks') return isList(entry.refs) && entry.refs.every(isLock) ? entry : undefined
  return entry.kind === 'group' && isGroup(entry) ? entry : undefined
}

const isGroup = ({ order, moves, symbolic, pack, merged }: GroupEntry): boolean =>
  isOrder(order) &&
  isList(moves) &&
  moves.every((move) => isRef(move?.ref) && isIdOrNull(move.from) && isIdOrNull(move.to)) &&
  isList(symbolic) &&
  symbolic.every((move) => isRef(move?.ref) && isValue(move.from) && (move.to === null || isRef(move.to))) &&
  isIdOrNull(pack) &&
  (merged === undefined || (typeof merged === 'string' && isObjectId(merged)))

/** The number of a move. A number above the largest possible file size would stop every save (`move-clock.ts`). */
export const isOrder = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= 2 ** 40

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
const isRef = (value: unknown): boolean => typeof value === 'string' && isRefName(value)
const isLock = (value: unknown): boolean => typeof value === 'string' && isLockName(value)
const isIdOrNull = (value: unknown): boolean =>
  value === null || (typeof value === 'string' && isObjectId(value))
const isValue = (value: unknown): boolean => isIdOrNull(value) || isRef(value)
