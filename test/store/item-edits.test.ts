/** Edits that know which files are those of new items. */
import { expect, test } from 'vitest'
import { ItemEdits } from '../../src/checkpoints/trees/edits.ts'

test('a file that is set again is no longer known as a new item', () => {
  const edits = new ItemEdits()
  const files = new Map([['messages/0000/000000-user.json', Buffer.from('{}\n')]])
  const item = { collection: 'messages', index: 0, files, known: {} }
  edits.add(item)
  expect([...edits.added]).toEqual([['messages/0000/000000-user.json', item]])
  expect([...edits]).toEqual([...files])
  edits.set('messages/0000/000000-user.json', null)
  expect(edits.added.size).toBe(0)
  expect([...edits]).toEqual([['messages/0000/000000-user.json', null]])
})
