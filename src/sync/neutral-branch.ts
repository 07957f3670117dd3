/**
 * The first branch of an empty server. Many servers make the first branch that is pushed their default, and then let
 * nobody delete it; so one that is no session's comes first.
 */
import { FORKPOINT } from '../checkpoints/commits/author.ts'
import { encodeCommit } from '../git/objects/commit.ts'
import { type NewObject, newObject } from '../git/objects/object.ts'
import { changeTree, NO_ENTRIES } from '../git/objects/tree.ts'
import type { Sharing } from './sharing.ts'

/** No session's, since a name never begins with `_`. */
export const NEUTRAL_BRANCH = 'heads/_forkpoint'
const README = `# Sessions

This repository holds agent sessions, kept by forkpoint. Each session is a folder of branches: \`git branch -r\` lists them,
and \`git log --first-parent -p origin/<session>/main -- '*.md'\` reads one.
`

/** Pushes the branch if the remote has no branch at all, and was never seen before. What goes wrong is the next push's trouble. */
export async function pushFirstBranch({ checkpoints, remote, names, options }: Sharing): Promise<void> {
  const { repository } = checkpoints.history
  if (names.isMapped || !repository.refs.entries(names.seenFolder, () => undefined).next().done) return
  const { refs } = await remote.refs(['refs/'], options)
  if (refs.size > 0) return
  const [commit, ...others] = neutralCommit()
  const seen = names.seen(NEUTRAL_BRANCH)
  await repository.change({
    refs: [seen],
    prepare: () => ({
      objects: [...others, commit],
      moves: new Map([[seen, commit.id]]),
      result: undefined,
    }),
  })
  await remote.push(
    { moves: [{ ref: names.there(NEUTRAL_BRANCH), from: undefined, to: commit.id }], has: [], atomic: false },
    options,
  )
}

/** What the branch leads to, the commit first. The same everywhere, so that two machines which begin at once agree. */
export function neutralCommit(): [commit: NewObject, ...others: NewObject[]] {
  const blob = newObject('blob', Buffer.from(README))
  const file = { name: 'README.md', entry: { mode: '100644', id: blob.id } } as const
  const tree = newObject('tree', changeTree(NO_ENTRIES, [file]).data)
  const person = { ...FORKPOINT, at: 0 }
  const message = 'Sessions begin here\n'
  const data = encodeCommit({ tree: tree.id, parents: [], author: person, committer: person, message })
  return [newObject('commit', data), blob, tree]
}
