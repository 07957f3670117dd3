/** On which branch a line of turns stands, or goes on. */
import type { StoredBranch } from './stored.ts'

/** The branch that holds most of these turns; of several the one that ends with the last of them, else the first. */
export function bestBranch(ids: readonly string[], branches: readonly StoredBranch[]): StoredBranch {
  const rank = (branch: StoredBranch): number => {
    const shared = sharedTurns(ids, branch)
    return shared * 2 + (branch.tip === ids[shared - 1] ? 1 : 0)
  }
  return branches.reduce((best, branch) => (rank(branch) > rank(best) ? branch : best))
}

/** How many of the first turns the branch has; the start, at least. */
export function sharedTurns(ids: readonly string[], { turns }: StoredBranch): number {
  const end = ids.findIndex((id) => !turns.has(id))
  return end === -1 ? ids.length : end
}

/** The first of `rewind-1`, `rewind-2`, … that no branch has. */
export function freeName(prefix: string, branches: readonly StoredBranch[]): string {
  const taken = new Set(branches.map(({ name }) => name))
  let number = 1
  while (taken.has(`${prefix}-${number}`)) number++
  return `${prefix}-${number}`
}
