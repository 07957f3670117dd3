import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JournalRecord } from '../../src/git/journal.ts'
import type { GroupEntry } from '../../src/git/journal-entry.ts'
import {
  belongsAtEnd,
  groupsOf,
  history,
  movesByRef,
  type TimedMove,
  unfinished,
} from '../../src/git/replay.ts'

const REF = 'refs/heads/s/main'
const move = (from: string | null, to: string | null, at = 0, ref = REF): TimedMove => ({ ref, from, to, at })
const never = async (): Promise<boolean> => false

const record = (sequence: number, ...moves: TimedMove[]): JournalRecord => {
  const entry: GroupEntry = { kind: 'group', at: moves[0]!.at, moves, symbolic: [], pack: null }
  return { sequence, entry, pack: new Uint8Array() }
}
const done = (sequence: number, group: number, undone = false): JournalRecord => ({
  sequence,
  entry: { kind: 'done', group, ...(undone && { undone }) },
  pack: new Uint8Array(),
})

describe('the history of a ref', () => {
  it('is the one in which each move starts where the last ended, whatever the clocks and the order say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 30 }),
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 30, maxLength: 30 }),
        fc.boolean(),
        (owners, clocks, reverse) => {
          const values = [null, ...owners.map((_, n) => `v${n}`)]
          const lists: TimedMove[][] = [[], [], [], []]
          owners.forEach((owner, n) => {
            lists[owner]!.push(move(values[n]!, values[n + 1]!, clocks[n]))
          })
          const shuffled = (reverse ? lists.reverse() : lists).filter((list) => list.length > 0)
          expect(history(shuffled).map(({ to }) => to)).toEqual(values.slice(1))
        },
      ),
    )
  })

  it('ends where the last owner left the ref, when the beginnings were settled and are gone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat(10), { minLength: 3, maxLength: 3 }),
        (owners, settled) => {
          const values = [null, ...owners.map((_, n) => `v${n}`)]
          const lists: TimedMove[][] = [[], [], []]
          owners.forEach((owner, n) => {
            lists[owner]!.push(move(values[n]!, values[n + 1]!, n))
          })
          // The owner of the last move keeps at least that one.
          const left = lists
            .map((list, n) =>
              list.slice(Math.min(settled[n]!, n === owners.at(-1) ? list.length - 1 : list.length)),
            )
            .filter((list) => list.length > 0)
          expect(history(left).at(-1)!.to).toBe(values.at(-1))
        },
      ),
    )
  })

  it('is ordered by time where a value was there twice', () => {
    const first = [move(null, 'a', 1), move('a', null, 2)]
    const second = [move(null, 'b', 3)]
    expect(history([second, first]).map(({ to }) => to)).toEqual(['a', null, 'b'])
  })

  it('goes on after a move that was refused', () => {
    const first = [move('z', 'a', 1), move('a', 'refused', 2), move('a', 'b', 3)]
    expect(history([first, [move('b', 'c', 4)]]).at(-1)!.to).toBe('c')
  })
})

describe('a ref belongs at the end of its history', () => {
  const moves = [move('a', 'b'), move('b', 'c')]

  it('from any value in it, broken, or from an ancestor', async () => {
    for (const found of ['a', 'b', 'broken']) expect(await belongsAtEnd(moves, found, never)).toBe(true)
    expect(await belongsAtEnd(moves, 'old', async (a, b) => a === 'old' && b === 'c')).toBe(true)
  })

  it('but not when it is there, was moved elsewhere, or was deleted', async () => {
    for (const found of ['c', 'elsewhere', 'absent'])
      expect(await belongsAtEnd(moves, found, never)).toBe(false)
  })

  it('from absence only when it was created in it, and not deleted again', async () => {
    expect(await belongsAtEnd([move(null, 'a')], 'absent', never)).toBe(true)
    expect(await belongsAtEnd([move(null, 'a'), move('a', null)], 'absent', never)).toBe(false)
  })

  it('when that is its removal', async () => {
    const removed = [move('a', 'b'), move('b', null)]
    for (const found of ['a', 'b', 'broken']) expect(await belongsAtEnd(removed, found, never)).toBe(true)
    for (const found of ['absent', 'elsewhere']) expect(await belongsAtEnd(removed, found, never)).toBe(false)
  })
})

describe('of a killed process', () => {
  it('a group is unfinished when neither a note nor a later group of the same ref says otherwise', () => {
    const other = 'refs/heads/t/main'
    const records = [
      record(0, move(null, 'a')),
      record(1, move('a', 'b'), move(null, 'x', 0, other)),
      record(2, move('b', 'c')),
      record(3, move('x', 'y', 0, other)),
      done(4, 3),
    ]
    expect(unfinished(records).map(({ sequence }) => sequence)).toEqual([2])
    expect(unfinished([...records, done(5, 2)])).toEqual([])
  })

  it('what was taken back does not count, but is still looked at for what it left', () => {
    const records = [record(0, move(null, 'a')), record(1, move('a', 'refused')), done(2, 1, true)]
    const groups = groupsOf(records)
    expect(groups.map(({ undone }) => undone)).toEqual([false, true])
    expect(
      movesByRef([groups])
        .get(REF)!
        .flat()
        .map(({ to }) => to),
    ).toEqual(['a'])
  })
})
