/** Finds messages that have alternatives on other branches, for a "2 of 3" switcher. */

import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { countItems } from '../../checkpoints/trees/documents.ts'
import type { BranchName, CommitId, ObjectId } from '../../ids.ts'
import { firstDifference, MESSAGES, messageMark } from './message-files.ts'

/** One of several messages that follow the same messages. */
export interface Variant {
  branch: BranchName
  /** Id of the branch's tip. */
  tree: ObjectId
}

export interface Variants {
  /** Index of the shown one, from 0. */
  index: number
  /** Oldest first. */
  variants: readonly Variant[]
}

interface Found extends Variant {
  tip: CommitId
  mark: string
  /** Times of the last save of the branch and of this message, in milliseconds. */
  saved: number
  since: number
}

/** By number of the message on the shown branch. Messages without alternatives are not in the map. */
export async function variantsOf(
  { history, objects }: Checkpoints,
  branches: ReadonlyMap<BranchName, CommitId>,
  { branch: shown, tip }: { branch: BranchName; tip: CommitId },
): Promise<Map<number, Variants>> {
  const { tree } = await history.info(tip)
  const count = await countItems(objects, tree, MESSAGES)
  const found = new Map<number, Found[]>()
  for (const [branch, head] of branches) {
    if (head === tip) continue
    const info = await history.info(head)
    const at = await firstDifference(objects, tree, info.tree)
    const mark = at < count ? await messageMark(objects, info.tree, at) : undefined
    if (mark === undefined) continue
    const others = found.get(at) ?? []
    found.set(at, others)
    const one = { branch, tip: head, tree: info.tree, mark, saved: info.time, since: 0 }
    const twin = others.findIndex((other) => other.mark === mark)
    if (twin === -1) others.push(one)
    // If several branches share the message, it leads to the most recently used one.
    else if (others[twin]!.saved < one.saved) others[twin] = one
  }
  const result = new Map<number, Variants>()
  for (const [at, others] of found) {
    const mark = (await messageMark(objects, tree, at))!
    const own: Found = { branch: shown, tip, tree, mark, saved: 0, since: 0 }
    const all = [own, ...others]
    for (const one of all) one.since = await since(one.tip, at, one.mark)
    all.sort((a, b) => a.since - b.since || (a.branch < b.branch ? -1 : 1))
    const variants = all.map((one) => ({ branch: one.branch, tree: one.tree }))
    result.set(at, { index: all.indexOf(own), variants })
  }
  return result

  /** When the message got its current content. */
  async function since(from: CommitId, at: number, mark: string): Promise<number> {
    let time = 0
    for await (const commit of history.line(from)) {
      const added = /^(\d+)\.\.(\d+)$/.exec(commit.message.trailers?.get('Messages') ?? '')
      // Later turns did not change it, and earlier ones do not have it.
      if (added !== null && Number(added[1]) > at) {
        time = commit.time
        continue
      }
      if ((await messageMark(objects, commit.tree, at)) !== mark) return time
      time = commit.time
    }
    return time
  }
}
