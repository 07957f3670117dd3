/** Draws the branches of a session next to each other: where each begins, and how many turns of its own it has. */
import type { Checkpoint } from '../../../store/session-store.ts'
import { type Names, newestFirst } from '../../../view/checkpoint.ts'
import { checkpointLine } from '../../../view/terminal/checkpoint.ts'
import { graphRows } from '../../../view/terminal/graph.ts'
import { count, cyan, dim, type Line, line } from '../../../view/terminal/line.ts'
import type { TurnSums } from '../../../view/turn.ts'
import type { AnyStore } from '../../stores.ts'

export interface DrawnTurn extends Checkpoint {
  parent: string | undefined
  sums: TurnSums | undefined
}

export interface DrawnTree {
  /** Newest first, with children before their parents. */
  turns: readonly DrawnTurn[]
  /**
   * By branch: the number of turns that no earlier branch has, and the turn at which it forks from an earlier branch.
   */
  own: ReadonlyMap<string, OwnTurns>
}

interface OwnTurns {
  turns: number
  fork: string | undefined
}

/** @param statOf returns the statistics of the turns of a branch */
export async function treeOf(
  store: AnyStore,
  session: string,
  branches: Names['branches'],
  statOf?: (branch: string) => Promise<{ of(checkpoint: Checkpoint): TurnSums }>,
): Promise<DrawnTree> {
  const turns = new Map<string, DrawnTurn>()
  const own = new Map<string, OwnTurns>()
  const active = branches.filter((branch) => branch.active)
  for (const { name } of [...active, ...branches.filter((branch) => !branch.active)]) {
    const stat = await statOf?.(name)
    let child: DrawnTurn | undefined
    let [length, fork]: [number, string | undefined] = [0, undefined]
    for await (const checkpoint of store.log(session, { at: name })) {
      if (child !== undefined) child.parent = checkpoint.id
      if (turns.has(checkpoint.id)) {
        fork = checkpoint.id
        break
      }
      child = { ...checkpoint, parent: undefined, sums: stat?.of(checkpoint) }
      turns.set(checkpoint.id, child)
      length++
    }
    own.set(name, { turns: length, fork })
  }
  return { turns: newestFirst([...turns.values()]), own }
}

/** Yields the lines of each turn. */
export async function* graphLines(
  { turns, own }: DrawnTree,
  names: Names,
  limit = Number.POSITIVE_INFINITY,
  below: (turn: DrawnTurn) => Promise<readonly Line[]> = async () => [],
): AsyncGenerator<Line[]> {
  let shown = 0
  for (const { node, lanes, joins } of graphRows(turns)) {
    if (shown++ >= limit) return
    const beside = lanes.replace('●', node.parent === undefined ? ' ' : '│')
    yield [
      line`${cyan(lanes)} ${checkpointLine(node, names, notesAt(node.id, names, own))}`,
      ...(await below(node)).map((one) => line`${cyan(beside)}   ${one}`),
      ...joins.map((join) => cyan(join)),
    ]
  }
}

/** Returns notes: how many turns the branches with this tip have, and which branches fork here. */
function notesAt(id: string, { branches }: Names, own: DrawnTree['own']): Line[] {
  if (branches.length < 2) return []
  const ended = branches.flatMap(({ name, head }) => {
    const { turns = 0, fork } = own.get(name) ?? {}
    // A branch without turns of its own gets no note.
    return head === id && turns > 0
      ? [fork === undefined ? count(turns, 'turn') : `${count(turns, 'turn')} of its own`]
      : []
  })
  const begun = [...own].flatMap(([name, { turns, fork }]) => (fork === id && turns > 0 ? [name] : []))
  return [
    ...ended.map((text) => dim(text)),
    ...(begun.length === 0 ? [] : [dim(`forked: ${begun.join(', ')}`)]),
  ]
}
