/** Draws lines of checkpoints next to each other, as `git log --graph` does. */

/** A checkpoint and its parent. */
export interface GraphNode {
  id: string
  /** The previous turn; `undefined` if there is none, or it is not drawn. */
  parent: string | undefined
}

/** A node with the lanes to its left, and the lines below it that join lanes. */
export interface GraphRow<Node> {
  node: Node
  /** Lanes such as `● │`, with the node's lane marked. */
  lanes: string
  /** Lines below the node, in which lanes meet at its parent. */
  joins: string[]
}

/** @param nodes children before parents */
export function* graphRows<Node extends GraphNode>(nodes: Iterable<Node>): Generator<GraphRow<Node>> {
  /** By lane: the id of the next node. */
  let lanes: (string | undefined)[] = []
  for (const node of nodes) {
    let own = lanes.indexOf(node.id)
    if (own === -1) {
      own = lanes.indexOf(undefined)
      if (own === -1) own = lanes.length
      lanes[own] = node.id
    }
    const drawn = lanes.map((next, n) => (n === own ? '●' : next === undefined ? ' ' : '│')).join(' ')
    const before = lanes.indexOf(node.parent ?? '')
    lanes[own] = node.parent
    const joins: string[] = []
    if (node.parent !== undefined && before !== -1) {
      const [left, right] = before < own ? [before, own] : [own, before]
      joins.push(joined(lanes, left, right))
      lanes[left] = node.parent
      lanes[right] = undefined
    }
    lanes = lanes.slice(0, lanes.findLastIndex((next) => next !== undefined) + 1)
    yield { node, lanes: drawn.trimEnd(), joins }
  }
}

/** Draws `├─╯`: the right lane joins the left one, across the lanes between them. */
function joined(lanes: readonly (string | undefined)[], left: number, right: number): string {
  let text = ''
  for (let n = 0; n < lanes.length; n++) {
    const isBetween = n > left && n < right
    const glyph =
      n === left
        ? '├'
        : n === right
          ? '╯'
          : lanes[n] === undefined
            ? isBetween
              ? '─'
              : ' '
            : isBetween
              ? '┼'
              : '│'
    text += glyph + (n >= left && n < right ? '─' : ' ')
  }
  return text.trimEnd()
}
