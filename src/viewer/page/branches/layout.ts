/**
 * Lays out the tree of branches in rows and lanes: newest first, one lane per branch, long stretches without a fork as
 * one row.
 */
import { newestFirst } from '../../../view/checkpoint.ts'
import type { Node, Tree } from '../../wire.ts'

export interface NodeRow {
  kind: 'node'
  node: Node
  lane: number
  /** Number of the branch. */
  colour: number
}

/** Consecutive checkpoints of one branch, of which none is a tip, tagged, forked or the first. */
export interface StretchRow {
  kind: 'stretch'
  nodes: readonly Node[]
  lane: number
  colour: number
}

export type Row = NodeRow | StretchRow

export interface Edge {
  /** Row and lane of the later checkpoint, then of the earlier one. */
  from: readonly [row: number, lane: number]
  to: readonly [row: number, lane: number]
  /** Number of the later checkpoint's branch. */
  colour: number
}

export interface Layout {
  rows: readonly Row[]
  edges: readonly Edge[]
  lanes: number
}

/** Checkpoints of the shortest stretch that is folded. */
const SHORTEST = 4

/** @param open ids of the newest checkpoints of unfolded stretches */
export function layoutOf({ nodes, branches, tags }: Tree, open: ReadonlySet<string>): Layout {
  const known = new Map(nodes.map((node) => [node.id, node]))
  const children = new Map<string, Node[]>()
  for (const node of nodes) {
    if (node.parent === undefined || !known.has(node.parent)) continue
    children.set(node.parent, [...(children.get(node.parent) ?? []), node])
  }
  const named = new Set([...branches.map(({ head }) => head), ...tags.map(({ checkpoint }) => checkpoint)])
  const isPlain = ({ id, parent }: Node): boolean =>
    !named.has(id) && children.get(id)?.length === 1 && parent !== undefined && known.has(parent)

  const ordered = newestFirst(nodes)
  const stretches = stretchesIn(ordered, known, isPlain)
  const rows: { kind: 'node' | 'stretch'; nodes: Node[] }[] = []
  const rowOf = new Map<string, number>()
  for (const node of ordered) {
    const stretch = stretches.get(node.id)
    if (stretch === undefined || stretch.length < SHORTEST || open.has(stretch[0]!.id)) {
      rowOf.set(node.id, rows.push({ kind: 'node', nodes: [node] }) - 1)
      continue
    }
    if (stretch[0] !== node) continue
    const row = rows.push({ kind: 'stretch', nodes: stretch }) - 1
    for (const one of stretch) rowOf.set(one.id, row)
  }
  const laneOf = lanesOf(
    rows.map((row) => row.nodes),
    known,
    rowOf,
  )
  const placed = rows.map(({ kind, nodes: held }): Row => {
    const { branch } = held[0]!
    const others = branches.filter(({ name }) => name !== 'main')
    const look = {
      lane: laneOf.get(branch) ?? 0,
      colour: others.findIndex(({ name }) => name === branch) + 1,
    }
    return kind === 'node' ? { kind, node: held[0]!, ...look } : { kind, nodes: held, ...look }
  })
  const edges = placed.flatMap((row, index): Edge[] => {
    const last = row.kind === 'node' ? row.node : row.nodes.at(-1)!
    const to = last.parent === undefined ? undefined : rowOf.get(last.parent)
    return to === undefined
      ? []
      : [{ from: [index, row.lane], to: [to, placed[to]!.lane], colour: row.colour }]
  })
  return { rows: placed, edges, lanes: Math.max(1, ...[...laneOf.values()].map((lane) => lane + 1)) }
}

/** Returns, for each plain checkpoint, its stretch of plain checkpoints, newest first. */
function stretchesIn(
  ordered: readonly Node[],
  known: ReadonlyMap<string, Node>,
  isPlain: (node: Node) => boolean,
): Map<string, Node[]> {
  const stretches = new Map<string, Node[]>()
  for (const node of ordered) {
    if (!isPlain(node) || stretches.has(node.id)) continue
    const stretch: Node[] = []
    let next: Node | undefined = node
    while (next !== undefined && next.branch === node.branch && isPlain(next)) {
      stretch.push(next)
      stretches.set(next.id, stretch)
      next = next.parent === undefined ? undefined : known.get(next.parent)
    }
  }
  return stretches
}

/** Assigns lanes to branches. Branches that overlap in rows get different lanes; `main`, or the first, is leftmost. */
function lanesOf(
  rows: readonly (readonly Node[])[],
  known: ReadonlyMap<string, Node>,
  rowOf: ReadonlyMap<string, number>,
): Map<string, number> {
  const spans = new Map<string, { from: number; to: number }>()
  for (const [row, nodes] of rows.entries()) {
    const last = nodes.at(-1)!
    const parent = last.parent === undefined ? undefined : known.get(last.parent)
    const end = parent === undefined ? row : rowOf.get(parent.id)!
    const span = spans.get(last.branch)
    spans.set(last.branch, { from: span?.from ?? row, to: Math.max(span?.to ?? 0, end) })
  }
  const lanes: { from: number; to: number }[][] = []
  const laneOf = new Map<string, number>()
  const first = spans.has('main') ? 'main' : known.values().next().value?.branch
  const order = [...spans].sort(([a, one], [b, other]) =>
    a === first ? -1 : b === first ? 1 : one.from - other.from,
  )
  for (const [branch, span] of order) {
    const isFree = (taken: readonly { from: number; to: number }[]) =>
      taken.every(({ from, to }) => span.to < from || span.from > to)
    const found = lanes.findIndex((taken, lane) => (lane > 0 || branch === first) && isFree(taken))
    const lane = found === -1 ? lanes.length : found
    lanes[lane] = [...(lanes[lane] ?? []), span]
    laneOf.set(branch, lane)
  }
  return laneOf
}
