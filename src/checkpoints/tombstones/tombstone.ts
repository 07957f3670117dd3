/**
 * A tombstone: a commit with an empty tree that names what was deleted of a session, on top of the tombstones before it.
 * `docs/format.md`, "Tombstones".
 */
import { encodeCommit } from '../../git/objects/commit.ts'
import { EMPTY_TREE, type NewObject, newObject } from '../../git/objects/object.ts'
import { type CommitId, isObjectId, type ObjectId, type SessionId } from '../../ids.ts'
import { FORKPOINT } from '../commits/author.ts'
import type { History } from '../commits/history.ts'
import { messageText } from '../commits/message.ts'

/**
 * `session`, `branch`, `tag`: deletes it, with everything that a remote has of it. `pruned`: deletes a session that a
 * policy removed; work of others that the policy did not see stays. `also`: names what a remote had of a deleted ref.
 * `restored`: earlier deletions of these refs no longer count. `joined`: only joins the tombstones of two machines.
 */
export type TombstoneKind = 'session' | 'pruned' | 'branch' | 'tag' | 'also' | 'restored' | 'joined'

/** A ref of a session and an object that it named. The ref is written without `refs/`. */
export type NamedTip = readonly [ref: string, id: ObjectId]

export interface Tombstone {
  id: CommitId
  kind: TombstoneKind
  parents: readonly CommitId[]
  tips: readonly NamedTip[]
}

export interface NewTombstone {
  session: SessionId
  kind: TombstoneKind
  parents: readonly CommitId[]
  tips: readonly NamedTip[]
  /** When it was deleted, in milliseconds. */
  at: number
}

/** Stands for every ref of the session in a `restored` tombstone. */
export const EVERY_REF = 'all'

/** Returns the objects of a tombstone, the commit first. The same values give the same id. */
export function newTombstone({ session, kind, parents, tips, at }: NewTombstone): [NewObject, NewObject] {
  const second = Math.floor(at / 1000) * 1000
  const sorted = [...new Set(tips.map(([ref, id]) => `${ref}=${id}`))].sort()
  const trailers = new Map([
    ['Session', session],
    ['Kind', 'gone'],
    ['Gone', kind],
    ...(sorted.length === 0 ? [] : [['Tips', sorted.join(' ')] as const]),
    ['At', String(second)],
    ['Format', '1'],
  ])
  const person = { ...FORKPOINT, at: second }
  const message = messageText({ subject: SUBJECTS[kind], body: '', trailers })
  const data = encodeCommit({ tree: EMPTY_TREE, parents, author: person, committer: person, message })
  return [newObject('commit', data), newObject('tree', new Uint8Array())]
}

const SUBJECTS: Readonly<Record<TombstoneKind, string>> = {
  session: 'delete the session',
  pruned: 'remove the session, which a policy does not keep',
  branch: 'delete a branch',
  tag: 'delete a tag',
  also: 'delete what a remote had',
  restored: 'restore what was deleted',
  joined: 'join the deletions of two machines',
}

/** Joins two tombstones. Every machine that joins the same two gets the same result. */
export async function joinTombstones(
  history: History,
  session: SessionId,
  both: readonly [CommitId, CommitId],
): Promise<[NewObject, NewObject]> {
  const times = await Promise.all(both.map(async (id) => (await history.info(id)).committed))
  return newTombstone({
    session,
    kind: 'joined',
    parents: [...both].sort(),
    tips: [],
    at: Math.max(...times),
  })
}

/** Reads the tombstone at a commit and all its ancestors. Throws CorruptError if one is missing. */
export async function readTombstones(history: History, tip: CommitId | undefined): Promise<Tombstone[]> {
  const found: Tombstone[] = []
  const waiting = tip === undefined ? [] : [tip]
  const seen = new Set(waiting)
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const { parents, message } = await history.info(id)
    const kind = message.trailers?.get('Gone') ?? ''
    if (isKind(kind)) found.push({ id, kind, parents, tips: parseTips(message.trailers?.get('Tips') ?? '') })
    for (const parent of parents) {
      if (seen.has(parent) || seen.size >= MOST) continue
      seen.add(parent)
      waiting.push(parent)
    }
  }
  return found
}

/** Returns the tombstones that the trailers `Continues` name, of a checkpoint and of those before it on its line. */
export async function continuedBy(history: History, tip: CommitId): Promise<Set<CommitId>> {
  const found = new Set<CommitId>()
  for await (const { message } of history.line(tip)) {
    const id = message.trailers?.get('Continues') ?? ''
    if (isObjectId(id)) found.add(id as CommitId)
  }
  return found
}

/** Most tombstones of a session that are read. */
const MOST = 10_000

const isKind = (text: string): text is TombstoneKind => Object.hasOwn(SUBJECTS, text)

const parseTips = (text: string): NamedTip[] =>
  text.split(' ').flatMap((word): NamedTip[] => {
    const at = word.lastIndexOf('=')
    const id = word.slice(at + 1)
    return at > 0 && isObjectId(id) ? [[word.slice(0, at), id]] : []
  })
