import { describe, expect, test } from 'vitest'
import {
  AlreadyExistsError,
  AmbiguousRevisionError,
  AmbiguousSessionError,
  ConflictError,
  CorruptError,
  ForkpointError,
  InvalidIdError,
  InvalidStateError,
  LockedError,
  NotFoundError,
  SessionBusyError,
  SessionClosedError,
  StorageError,
  UnsupportedError,
} from '../src/errors.ts'

const A = 'a'.repeat(40)
const B = 'b'.repeat(40)

test.each<[ForkpointError, string, string]>([
  [new ConflictError({ session: 's', branch: 'main', actual: A }), 'ConflictError', 'CONFLICT'],
  [new NotFoundError({ kind: 'session', id: 's' }), 'NotFoundError', 'NOT_FOUND'],
  [new AlreadyExistsError({ kind: 'tag', id: 't' }), 'AlreadyExistsError', 'ALREADY_EXISTS'],
  [new AmbiguousSessionError('aaaa', [A, B]), 'AmbiguousSessionError', 'AMBIGUOUS_SESSION'],
  [new AmbiguousRevisionError('aaaa', [A, B]), 'AmbiguousRevisionError', 'AMBIGUOUS_REVISION'],
  [new InvalidIdError('session', '', 'it is empty'), 'InvalidIdError', 'INVALID_ID'],
  [new InvalidStateError([]), 'InvalidStateError', 'INVALID_STATE'],
  [new CorruptError('broken'), 'CorruptError', 'CORRUPT'],
  [new LockedError('/x.lock'), 'LockedError', 'LOCKED'],
  [new StorageError('full', { errno: 'ENOSPC' }), 'StorageError', 'STORAGE'],
  [new UnsupportedError('tags'), 'UnsupportedError', 'UNSUPPORTED'],
  [new SessionBusyError('s'), 'SessionBusyError', 'SESSION_BUSY'],
  [new SessionClosedError(), 'SessionClosedError', 'SESSION_CLOSED'],
])('%s is a %s with code %s', (error, name, code) => {
  expect(error).toBeInstanceOf(ForkpointError)
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe(name)
  expect(error.code).toBe(code)
  expect(error.message.length).toBeGreaterThan(0)
})

describe('a conflict says what happened and what to do', () => {
  const where = { session: 'demo', branch: 'main' }

  test('when the branch moved on', () => {
    const error = new ConflictError({ ...where, expected: A, actual: B })
    expect(error).toMatchObject({ ...where, expected: A, actual: B })
    expect(error.message).toBe(
      "Session 'demo' has moved on main since you loaded it (you have aaaaaaaaaa…, it is at bbbbbbbbbb…). Load it again, or save to another branch.",
    )
  })

  test('when the branch is gone', () => {
    expect(new ConflictError({ ...where, expected: A, actual: null }).message).toMatch(
      /no longer has a branch main/,
    )
  })

  test('when the branch was expected not to exist', () => {
    expect(new ConflictError({ ...where, expected: null, actual: B }).message).toMatch(
      /expected no such branch/,
    )
  })

  test('when the state came from elsewhere', () => {
    expect(new ConflictError({ ...where, actual: B }).message).toMatch(/Pass 'expected', or open/)
  })
})

test('what is not found, or exists already, is named with its session', () => {
  expect(new NotFoundError({ kind: 'tag', id: 't', session: 's' }).message).toBe(
    "There is no tag 't' in session 's'.",
  )
  expect(new NotFoundError({ kind: 'session', id: 's', session: 's' }).message).toBe(
    "There is no session 's'.",
  )
  expect(new AlreadyExistsError({ kind: 'branch', id: 'b', session: 's' }).message).toMatch(
    /^There is already a branch 'b' in session 's'\./,
  )
})

test('an ambiguous revision names ten candidates at most', () => {
  const many = Array.from({ length: 30 }, (_, i) => `aaaa${String(i).padStart(36, '0')}`)
  const error = new AmbiguousRevisionError('aaaa', many)
  expect(error.candidates).toEqual(many.slice(0, 10))
})

test('an invalid state names the places', () => {
  const error = new InvalidStateError([
    { path: [], message: 'has to be an object' },
    { path: ['messages', 2, 'role'], message: 'is unknown.' },
  ])
  expect(error.message).toBe(
    'The state is not valid. At the top: has to be an object. At messages[2].role: is unknown.',
  )
  expect(error.issues).toHaveLength(2)
})

test('an invalid name is shown as it was given', () => {
  expect(new InvalidIdError('branch', 'a\nb', 'it has a control character').message).toBe(
    '"a\\nb" is not a valid branch name: it has a control character.',
  )
  expect(new InvalidIdError('session', undefined, 'it has to be a string').message).toMatch(
    /^undefined is not/,
  )
})

test('causes are kept', () => {
  const cause = new Error('EIO')
  for (const error of [
    new ConflictError({ session: 's', branch: 'b', actual: A }, 'text', { cause }),
    new InvalidStateError([], 'text', { cause }),
    new CorruptError('text', { file: 'f', object: A }, { cause }),
    new LockedError('f', 'text', { cause }),
    new StorageError('text', { file: 'f' }, { cause }),
  ]) {
    expect(error.cause).toBe(cause)
    expect(error.message).toBe('text')
  }
})
