/**
 * The first branch on an empty server. Many servers make the first pushed branch their default, and then refuse to
 * delete it. So a branch that belongs to no session is pushed first.
 */
import { FORKPOINT } from '../checkpoints/commits/author.ts'
import { encodeCommit } from '../git/objects/commit.ts'
import { type NewObject, newObject } from '../git/objects/object.ts'
import { changeTree, NO_ENTRIES } from '../git/objects/tree.ts'
import type { Sharing } from './sharing.ts'

/** Belongs to no session, because their names never begin with `_`. */
export const NEUTRAL_BRANCH = 'heads/_forkpoint'
const README = `# Sessions

This repository holds agent sessions, kept by forkpoint. Each session is a folder of branches: \`git branch -r\` lists them,
and \`git log --first-parent -p origin/<session>/main -- '*.md'\` reads one.
`

/**
 * Pushes the branch if the remote has no refs and was never seen before. Ignores a refusal, which the next push
 * reports.
 */
export async function pushFirstBranch({ checkpoints, remote, names, options }: Sharing): Promise<void> {
  const { repository } = checkpoints.history
  if (names.isMapped || !repository.refs.entries(names.seenFolder, () => undefined).next().done) return
  const { refs } = await remote.refs(['refs/'], options)
  if (refs.size > 0) return
  const [commit, ...others] = neutralCommit()
  const seen = names.seen(NEUTRAL_BRANCH)
  await repository.setRefs(new Map([[seen, commit.id]]), [...others, commit])
  await remote.push(
    { moves: [{ ref: names.there(NEUTRAL_BRANCH), from: undefined, to: commit.id }], has: [], atomic: false },
    options,
  )
}

/**
 * Returns the branch's objects, the commit first. The same on every machine, so that two machines that push at the same
 * time agree.
 */
export function neutralCommit(): [commit: NewObject, ...others: NewObject[]] {
  const blob = newObject('blob', Buffer.from(README))
  const file = { name: 'README.md', entry: { mode: '100644', id: blob.id } } as const
  const tree = newObject('tree', changeTree(NO_ENTRIES, [file]).data)
  const person = { ...FORKPOINT, at: 0 }
  const message = 'Sessions begin here\n'
  const data = encodeCommit({ tree: tree.id, parents: [], author: person, committer: person, message })
  return [newObject('commit', data), blob, tree]
}
