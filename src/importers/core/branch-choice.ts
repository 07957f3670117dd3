/** Finds the lines of turns in a file, and the branch of each. */
import type { Transcript } from '../importer.ts'
import type { StoredBranch } from './stored.ts'

/** A line of turns, as indexes: from the start to a turn that no other turn continues. */
export type Path = readonly number[]

/**
 * Returns all lines of turns: first the line that the session ended on, then the others in the order of their last
 * turns.
 */
export function pathsOf({ turns, current }: Pick<Transcript, 'turns' | 'current'>): Path[] {
  const continued = new Set(turns.map(({ parent }) => parent))
  return [...turns.keys()]
    .filter((turn) => !continued.has(turn))
    .sort((a, b) => Number(b === current) - Number(a === current) || a - b)
    .map((end) => {
      const path: number[] = []
      for (let turn: number | undefined = end; turn !== undefined; turn = turns[turn]?.parent) path.push(turn)
      return path.reverse()
    })
}

/**
 * Returns the branch that has the most turns of the path. Among several, prefers the branch that ends with the last
 * shared turn, then the first branch.
 */
export function bestBranch(
  branches: readonly StoredBranch[],
  sharedOf: (branch: StoredBranch) => number,
  idAt: (index: number) => string | undefined,
): StoredBranch | undefined {
  const rank = (branch: StoredBranch): number => {
    const shared = sharedOf(branch)
    return shared === 0 ? 0 : shared * 2 + (branch.tip === idAt(shared - 1) ? 1 : 0)
  }
  let best: StoredBranch | undefined
  for (const branch of branches) {
    if (rank(branch) > (best === undefined ? 0 : rank(best))) best = branch
  }
  return best
}

/** Returns the first of `<prefix>-1`, `<prefix>-2`, … that is not taken. */
export function freeName(prefix: string, taken: ReadonlySet<string>): string {
  let number = 1
  while (taken.has(`${prefix}-${number}`)) number++
  return `${prefix}-${number}`
}
