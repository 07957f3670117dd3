/**
 * A session that is pruned, restored, archived or thinned, and a tombstone that is folded, is in its old place or in the new
 * one, whole, on every disk that a stop may leave, and on every disk without room.
 */
import { test } from 'vitest'
import { expectAllOrNothing, expectAllOrNothingWhenFull } from './support/every-stop.ts'
import { KEEPING } from './support/keeping.ts'

test.each(KEEPING)('before or after, wherever %s stops', { timeout: 300_000 }, (_, change) =>
  expectAllOrNothing(change),
)

test.each(KEEPING)(
  'before or after, wherever the disk is full during %s',
  { timeout: 300_000 },
  (_, change) => expectAllOrNothingWhenFull(change),
)
