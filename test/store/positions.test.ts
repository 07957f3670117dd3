import { describe, expect, test } from 'vitest'
import { ConflictError } from '../../src/errors.ts'
import type { BranchName, CommitId, SessionId } from '../../src/ids.ts'
import { decideParent, Positions, type Request } from '../../src/store/positions.ts'

const A = 'a'.repeat(40) as CommitId
const B = 'b'.repeat(40) as CommitId
const s1 = 's1' as SessionId
const main = 'main' as BranchName
const at = (checkpoint: CommitId, branch: string | undefined = 'main', session = 's1') => ({
  session: session as SessionId,
  branch: branch as BranchName | undefined,
  checkpoint,
})
const decide = (request: Partial<Request>) =>
  decideParent({ session: s1, branch: main, expected: undefined, tip: undefined, ...request })

describe('what a save goes on top of', () => {
  test.each<[string, Partial<Request>, CommitId | undefined]>([
    ['an unknown state starts a session', {}, undefined],
    ['an unknown state that must not exist yet', { expected: null }, undefined],
    ['a position at the tip', { tip: A, known: at(A) }, A],
    ['a position at the tip of another branch at the same place', { tip: A, known: at(A, 'try') }, A],
    ['the expected tip, whatever the position', { tip: B, known: at(A), expected: B }, B],
    ['any tip', { tip: B, expected: 'any' }, B],
    ['any, where there is no branch', { expected: 'any' }, undefined],
    ['a new branch starts at the position', { known: at(A, 'try') }, A],
    ['a new branch starts at the position of a handle', { known: { ...at(A), branch: undefined } }, A],
    ['a branch that must not exist starts at the position', { known: at(A, 'try'), expected: null }, A],
    [
      'a deleted session is knowingly started anew',
      { known: at(A), stands: false, expected: null },
      undefined,
    ],
    ['a position in another session counts as none', { known: at(A, 'main', 's2') }, undefined],
  ])('%s', (_, request, parent) => {
    expect(decide(request)).toBe(parent)
  })

  test.each<[string, Partial<Request>, object]>([
    ['an unknown state on a branch that exists', { tip: A }, { expected: undefined, actual: A }],
    ['a stale position', { tip: B, known: at(A) }, { expected: A, actual: B }],
    ['a position in another session', { tip: B, known: at(B, 'main', 's2') }, { expected: undefined }],
    ['a branch that must not exist but does', { tip: A, known: at(A), expected: null }, { expected: null }],
    ['another tip than expected', { tip: B, expected: A }, { expected: A, actual: B }],
    ['an expected tip without a branch', { expected: A }, { expected: A, actual: null }],
    ['a position on a branch that is gone', { known: at(A) }, { expected: A, actual: null }],
    ['a position that is gone', { known: at(A, 'try'), stands: false }, { expected: A, actual: null }],
  ])('%s is a conflict', (_, request, data) => {
    expect(() => decide(request)).toThrow(ConflictError)
    expect(() => decide(request)).toThrow(expect.objectContaining({ session: 's1', branch: 'main', ...data }))
  })

  test('positions are known by the object, not by what is in it', () => {
    const positions = new Positions()
    const state = { id: 's1' }
    positions.set(state, at(A))
    expect(positions.of(state)).toEqual(at(A))
    expect(positions.of({ ...state })).toBeUndefined()
  })
})
