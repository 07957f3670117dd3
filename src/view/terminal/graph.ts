/** Lines of checkpoints drawn beside each other, as `git log --graph` does: which lane each is in, and where lanes meet. */

/** A checkpoint and the one before it. */
export interface GraphNode {
  id: string
  /** The turn before; `undefined`: it is the first, or none that is drawn. */
  parent: string | undefined
}

/** A node with the lanes at its left, and the lines that join lanes below it. */
export interface GraphRow<Node> {
  node: Node
  /** `● │`, its own lane marked. */
  lanes: string
  /** Lines below it: lanes that meet in the node before. */
  joins: string[]
}

/** @param nodes each after all that stand on it */
export function* graphRows<Node extends GraphNode>(nodes: Iterable<Node>): Generator<GraphRow<Node>> {
  /** By lane, the node that comes next in it. */
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

/** `├─╯`: the right lane ends in the left one, across those between. */
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
