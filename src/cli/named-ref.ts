/** Finds the git ref of a revision, for git commands. */
import { type BranchName, branchRef, type RefName, type SessionId, type TagName, tagRef } from '../ids.ts'
import { isSameName } from '../ref-part.ts'
import type { AnyStore } from './stores.ts'

/** Returns the ref of a branch or tag, in the order of `resolve`; `undefined` for any other revision. */
export async function namedRef(store: AnyStore, session: string, at: string): Promise<RefName | undefined> {
  const branches = await store.branches(session)
  const isNamed = ({ name }: { name: string }) => isSameName(name, at)
  const branch = at === '' ? undefined : branches.find(isNamed)
  const tag = at === '' || branch !== undefined ? undefined : (await store.tags(session)).find(isNamed)
  if (tag !== undefined) return tagRef(session as SessionId, tag.name as TagName)
  const tip = ['', 'HEAD', '@'].includes(at) ? branches.find(({ active }) => active) : undefined
  const found = branch ?? tip
  return found && branchRef(session as SessionId, found.name as BranchName)
}
