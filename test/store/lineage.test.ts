import { expect, test } from 'vitest'
import {
  commitsUnchanged,
  comparedWith,
  parentsOn,
  seqOfFork,
  seqOn,
} from '../../src/checkpoints/commits/lineage.ts'
import type { CommitId } from '../../src/ids.ts'

const A = 'a'.repeat(40) as CommitId
const S = '5'.repeat(40) as CommitId
const turn = { id: A, kind: 'save', seq: 3 }
const step = { id: S, kind: 'step', seq: 4 }

test('a step follows the tip, whatever that is', () => {
  expect(parentsOn(undefined, 'step', undefined)).toEqual([])
  expect(parentsOn(turn, 'step', undefined)).toEqual([A])
  expect(parentsOn(step, 'step', A)).toEqual([S])
})

test('a turn has the previous turn first and the last step second', () => {
  expect(parentsOn(turn, 'save', undefined)).toEqual([A])
  expect(parentsOn(step, 'save', A)).toEqual([A, S])
  expect(parentsOn(step, 'save', undefined)).toEqual([S])
})

test('a turn tells what is new since the turn before, a step since the tip', () => {
  expect(comparedWith(undefined, 'save', undefined)).toBeUndefined()
  expect(comparedWith(turn, 'save', S)).toBe(A)
  expect(comparedWith(step, 'step', A)).toBe(S)
  expect(comparedWith(step, 'save', A)).toBe(A)
  expect(comparedWith(step, 'save', undefined)).toBeUndefined()
})

test('a step carries the number of the turn it is in', () => {
  expect([seqOn(undefined), seqOn(turn), seqOn(step)]).toEqual([1, 4, 4])
})

test('a fork carries the number of the last whole turn it holds', () => {
  expect([seqOfFork(turn), seqOfFork(step)]).toEqual([3, 3])
})

test('an unchanged state makes a checkpoint only for a reason', () => {
  const plain = { kind: 'save', allowEmpty: false }
  expect(commitsUnchanged(turn, plain)).toBe(false)
  expect(commitsUnchanged(undefined, plain)).toBe(true)
  expect(commitsUnchanged(turn, { ...plain, allowEmpty: true })).toBe(true)
  expect(commitsUnchanged(turn, { ...plain, key: 'k' })).toBe(true)
  expect(commitsUnchanged(step, plain)).toBe(true)
  expect(commitsUnchanged(step, { ...plain, kind: 'step' })).toBe(false)
})
