/** Lines of turns: which there are in a file, and which branch each stands on. */
import type { Transcript } from '../importer.ts'
import type { StoredBranch } from './stored.ts'

/** A line of turns from the start to an end that nothing continues, as indexes. */
export type Path = readonly number[]

/** All lines of turns, the one that the session ended on first, the others as they end in the file. */
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

/** The branch that has most of the path; of several the one that ends with the last of it, else the first. */
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

/** The first of `rewind-1`, `rewind-2`, … that is not taken. */
export function freeName(prefix: string, taken: ReadonlySet<string>): string {
  let number = 1
  while (taken.has(`${prefix}-${number}`)) number++
  return `${prefix}-${number}`
}
