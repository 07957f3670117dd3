/** Small commits to save in tests. */

import { encodeCommit } from '../../../src/git/objects/commit.ts'
import { type NewObject, newObject } from '../../../src/git/objects/object.ts'
import type { ObjectId } from '../../../src/ids.ts'
import { encodeTree } from './trees.ts'

export interface MadeCommit {
  id: ObjectId
  objects: NewObject[]
}

const person = { name: 'Ann', email: 'ann@example.com', at: 1_700_000_000_000 }

/** A commit of one file with `text`, on top of `parent`. The same arguments make the same commit. */
export function commitOf(text: string, parent?: ObjectId, size = 0): MadeCommit {
  const key = `${text} ${parent} ${size}`
  const made = known.get(key) ?? makeCommit(text, parent, size)
  if (size > 0) known.set(key, made)
  return made
}

const known = new Map<string, MadeCommit>()

function makeCommit(text: string, parent: ObjectId | undefined, size: number): MadeCommit {
  const blob = newObject('blob', Buffer.from(`${text}\n${noise(size, text)}`))
  const tree = newObject('tree', encodeTree([{ name: 'file', mode: '100644', id: blob.id }]))
  const commit = newObject(
    'commit',
    encodeCommit({
      tree: tree.id,
      parents: parent === undefined ? [] : [parent],
      author: person,
      committer: person,
      message: `${text}\n`,
    }),
  )
  return { id: commit.id, objects: [blob, tree, commit] }
}

function noise(size: number, text: string): string {
  let x = text.length + 1
  let out = ''
  while (out.length < size) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0
    out += x.toString(36)
  }
  return out.slice(0, size)
}
