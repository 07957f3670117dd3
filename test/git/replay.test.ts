import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GroupEntry } from '../../src/git/journal/entry.ts'
import type { JournalRecord } from '../../src/git/journal/journal.ts'
import {
  belongsAtEnd,
  groupsOf,
  lastOrders,
  type Move,
  type OnDisk,
  type OwnMoves,
  openMoves,
  unfinished,
} from '../../src/git/journal/replay.ts'
import type { RefName } from '../../src/ids.ts'

const REF = 'refs/heads/s/main'
const move = (from: string | null, to: string | null, ref: RefName = REF): Move => ({ ref, from, to }) as Move
const never = async (): Promise<boolean> => false

let orders = 0
const recordAt = (order: number, sequence: number, ...moves: Move[]): JournalRecord => {
  const entry: GroupEntry = {
    kind: 'group',
    order,
    moves: moves as GroupEntry['moves'],
    symbolic: [],
    pack: null,
  }
  return { sequence, entry, pack: new Uint8Array() }
}
const record = (sequence: number, ...moves: Move[]): JournalRecord => recordAt(++orders, sequence, ...moves)
const done = (sequence: number, group: number, undone = false): JournalRecord => ({
  sequence,
  entry: { kind: 'done', group, ...(undone && { undone }) },
  pack: new Uint8Array(),
})

/** Moves by any of four owners, in order, through values that recur; each owner was told of so many of them. */
const shared = fc.array(fc.record({ owner: fc.nat(3), to: fc.constantFrom('a', 'b', 'c', null) }), {
  minLength: 1,
  maxLength: 20,
})
const ownersOf = (moves: readonly { owner: number; to: string | null }[], told: readonly number[]) =>
  [0, 1, 2, 3].map((owner): OwnMoves => {
    const records = moves.flatMap((one, n) =>
      one.owner === owner ? [recordAt(n + 1, n, move(moves[n - 1]?.to ?? null, one.to))] : [],
    )
    return { groups: groupsOf(records), settled: new Map([[REF, told[owner]!]]) }
  })

describe('what is open of a ref', () => {
  it('is every move that its owner was not told is settled, in order, though values recur', () => {
    fc.assert(
      fc.property(
        shared,
        fc.array(fc.nat(20), { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        (moves, told, reverse) => {
          const owners = ownersOf(moves, told)
          const open = openMoves(reverse ? owners.reverse() : owners).get(REF) ?? []
          const expected = moves.flatMap(({ owner, to }, n) => (n + 1 > told[owner]! ? [to] : []))
          expect(open.map(({ to }) => to)).toEqual(expected)
        },
      ),
    )
  })

  it('is nothing when the last move was settled and all others were told', () => {
    fc.assert(
      fc.property(shared, (moves) => {
        const last = moves.length
        expect(openMoves(ownersOf(moves, [last, last, last, last])).size).toBe(0)
      }),
    )
  })

  it('does not count what was taken back, which is still looked at for what it left', () => {
    const records = [record(0, move(null, 'a')), record(1, move('a', 'refused')), done(2, 1, true)]
    const groups = groupsOf(records)
    expect(groups.map(({ undone }) => undone)).toEqual([false, true])
    const open = openMoves([{ groups, settled: new Map() }])
    expect(open.get(REF)!.map(({ to }) => to)).toEqual(['a'])
    expect(lastOrders(groups)).toEqual(new Map([[REF, orders]]))
  })
})

describe('a ref belongs at the end of its history', () => {
  const moves = [move('a', 'b'), move('b', 'c')]

  it('from any value in it, broken, or from an ancestor', async () => {
    for (const found of ['a', 'b', 'broken'] as OnDisk[])
      expect(await belongsAtEnd(moves, found, never)).toBe(true)
    expect(await belongsAtEnd(moves, 'old' as OnDisk, async (a, b) => a === 'old' && b === 'c')).toBe(true)
  })

  it('but not when it is there, was moved elsewhere, or was deleted', async () => {
    for (const found of ['c', 'elsewhere', 'absent'] as OnDisk[])
      expect(await belongsAtEnd(moves, found, never)).toBe(false)
  })

  it('from absence only when it was created in it, be it anew, and not deleted again', async () => {
    expect(await belongsAtEnd([move(null, 'a')], 'absent', never)).toBe(true)
    expect(await belongsAtEnd([move('a', null), move(null, 'b')], 'absent', never)).toBe(true)
    expect(await belongsAtEnd([move('a', null), move(null, 'a')], 'absent', never)).toBe(true)
    expect(await belongsAtEnd([move(null, 'a'), move('a', null)], 'absent', never)).toBe(false)
  })

  it('when that is its removal', async () => {
    const removed = [move('a', 'b'), move('b', null)]
    for (const found of ['a', 'b', 'broken'] as OnDisk[])
      expect(await belongsAtEnd(removed, found, never)).toBe(true)
    for (const found of ['absent', 'elsewhere'] as OnDisk[])
      expect(await belongsAtEnd(removed, found, never)).toBe(false)
  })
})

describe('of a killed process', () => {
  it('a group is unfinished when neither a note nor a later group of the same ref says otherwise', () => {
    const other = 'refs/heads/t/main'
    const records = [
      record(0, move(null, 'a')),
      record(1, move('a', 'b'), move(null, 'x', other)),
      record(2, move('b', 'c')),
      record(3, move('x', 'y', other)),
      done(4, 3),
    ]
    expect(unfinished(records).map(({ sequence }) => sequence)).toEqual([2])
    expect(unfinished([...records, done(5, 2)])).toEqual([])
  })
})
