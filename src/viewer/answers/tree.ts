/** Returns all checkpoints of a session's branches as a tree. */

import type { Node, Tree } from '../wire.ts'
import type { Source } from './source.ts'

/** Most branches of a tree. */
const MOST_BRANCHES = 200

export async function treeOf(source: Source, session: string): Promise<Tree> {
  const [all, tags] = [await source.store.branches(session), await source.store.tags(session)]
  const branches = [...all].sort((a, b) => rankOf(a) - rankOf(b)).slice(0, MOST_BRANCHES)
  const nodes = new Map<string, Node>()
  for (const { name, head } of branches) {
    const log = await source.log(session, head)
    for (const [index, { id, subject, createdAt, kind, seq, parents }] of log.entries()) {
      // The rest of the line belongs to an earlier branch.
      if (nodes.has(id)) break
      const parent = parents[0] ?? log[index + 1]?.id
      nodes.set(id, { id, subject, createdAt, kind, seq, branch: name, parent })
    }
  }
  return { nodes: [...nodes.values()], branches, tags }
}

/** `main` comes first, since other branches fork from it. */
const rankOf = ({ name, active }: { name: string; active: boolean }): number =>
  name === 'main' ? 0 : active ? 1 : 2
