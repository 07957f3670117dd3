/** Where reachability starts: everything in a repository that names an object. */
import { join } from 'node:path'
import { UnsupportedError } from '../../errors.ts'
import { isObjectId, type ObjectId } from '../../ids.ts'
import { readShallow } from '../database/shallow.ts'
import type { StoreFolder } from '../disk/store-folder.ts'
import { parseJournal } from '../journal/journal.ts'
import type { Refs } from '../refs/refs.ts'

/** The values of all refs and of HEAD. Throws CorruptError for a ref that cannot be read. */
export function refRoots(refs: Refs): Set<ObjectId> {
  const roots = new Set(refs.list('refs/').values())
  const head = refs.read('HEAD')
  if (head !== undefined) roots.add(head)
  return roots
}

/** The ids in reflogs. We keep no reflogs, but git requires their objects to exist. */
export function reflogRoots({ fs, paths }: StoreFolder): Set<ObjectId> {
  const roots = new Set<ObjectId>()
  const walk = (folder: string): void => {
    for (const [name, kind] of fs.readKinds(folder)) {
      const path = join(folder, name)
      if (kind === 'folder') walk(path)
      if (kind !== 'file') continue
      for (const line of fs.readFile(path)?.toString('latin1').split('\n') ?? [])
        for (const id of [line.slice(0, 40), line.slice(41, 81)])
          if (isObjectId(id) && id !== NOTHING) roots.add(id)
    }
  }
  const logs = join(paths.root, 'logs')
  if (fs.stat(logs)?.kind === 'folder') walk(logs)
  return roots
}

/** The ids in the journals of all processes: a ref may get such a value back if a save in progress fails. */
export function journalRoots(folder: StoreFolder): Set<ObjectId> {
  const roots = new Set<ObjectId>()
  for (const { moves } of journaledGroups(folder)) {
    for (const { from, to } of moves) for (const id of [from, to]) if (id !== null) roots.add(id)
  }
  return roots
}

/** Names of all groups that are in a journal now. A group leaves its journal when it is settled. */
export const journaledNames = (folder: StoreFolder): Set<string> =>
  new Set([...journaledGroups(folder)].map(({ name }) => name))

/** Packs that journals name. */
export const journaledPacks = (folder: StoreFolder): Set<string> =>
  new Set([...journaledGroups(folder)].flatMap(({ packs }) => packs))

/** Commits whose parents are not in this repository. Source: gitrepository-layout(5). */
export function shallowCommits({ fs, paths }: StoreFolder): Set<ObjectId> {
  return readShallow(fs, join(paths.root, 'shallow'))
}

/** Throws UnsupportedError if something names objects in a way that is not covered here. */
export function checkRootsKnown({ fs, paths }: StoreFolder): void {
  if (fs.readDir(join(paths.root, 'worktrees')).length > 0) {
    throw new UnsupportedError(
      'purging beside work trees',
      `'${paths.root}' has work trees, which may need objects that no ref reaches. Remove them with 'git worktree remove' (or 'prune') first.`,
    )
  }
  const index = join(paths.root, 'index')
  if (fs.stat(index) !== undefined) {
    throw new UnsupportedError(
      'purging beside an index',
      `'${index}' may need objects that no ref reaches. Remove it first: a store does not use it.`,
    )
  }
}

interface JournaledGroup {
  /** Owner and sequence, which are unique to a group. */
  name: string
  moves: readonly { from: ObjectId | null; to: ObjectId | null }[]
  packs: readonly string[]
}

function* journaledGroups({ fs, paths }: StoreFolder): Generator<JournaledGroup> {
  for (const owner of fs.readDir(paths.journals)) {
    const folder = join(paths.journals, owner)
    if (fs.stat(folder)?.kind !== 'folder') continue
    for (const name of fs.readDir(folder)) {
      const file = join(folder, name)
      if (!name.endsWith('.journal') || fs.stat(file)?.kind !== 'file') continue
      const content = fs.readFile(file)
      for (const { sequence, entry } of (content && parseJournal(content)?.records) ?? []) {
        if (entry.kind !== 'group') continue
        const packs = [entry.pack, entry.merged].filter((pack) => typeof pack === 'string')
        yield { name: `${owner.slice(0, 16)} ${sequence}`, moves: entry.moves, packs }
      }
    }
  }
}

const NOTHING = '0'.repeat(40)
