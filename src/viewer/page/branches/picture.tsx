/**
 * Draws the lines and dots of the tree. The rows next to them have the same information, so this is only for the mouse.
 */
import type { Node } from '../../wire.ts'
import type { Edge, Layout } from './layout.ts'

/** Height of a row and distance of two lanes, in pixels. */
export const ROW = 44
const LANE = 24
const COLOURS = 6

/** Width of the lanes, in pixels. */
export const widthOf = (lanes: number): number => lanes * LANE + 16

interface PictureProps {
  layout: Layout
  marked: readonly string[]
  openNode: (node: Node) => void
  /** Called with the id of the newest checkpoint of the stretch. */
  openStretch: (id: string) => void
}

export function Picture({ layout: { rows, edges, lanes }, marked, openNode, openStretch }: PictureProps) {
  return (
    <svg
      class="tree-picture"
      width={widthOf(lanes)}
      height={rows.length * ROW}
      aria-hidden="true"
      focusable="false"
    >
      {edges.map((edge) => (
        <path class={`lane-${edge.colour % COLOURS}`} d={pathOf(edge)} />
      ))}
      {rows.map((row, index) =>
        row.kind === 'node' ? (
          <circle
            class={`dot lane-${row.colour % COLOURS}${marked.includes(row.node.id) ? ' marked' : ''}`}
            cx={xOf(row.lane)}
            cy={yOf(index)}
            r={6}
            onClick={() => openNode(row.node)}
          />
        ) : (
          <g class={`stretch lane-${row.colour % COLOURS}`} onClick={() => openStretch(row.nodes[0]!.id)}>
            {[-8, 0, 8].map((offset) => (
              <circle cx={xOf(row.lane)} cy={yOf(index) + offset} r={2.5} />
            ))}
          </g>
        ),
      )}
    </svg>
  )
}

const xOf = (lane: number): number => lane * LANE + 18
const yOf = (row: number): number => row * ROW + ROW / 2

/** Draws an edge down the child's lane, then across to the lane of its parent. */
function pathOf({ from: [row, lane], to: [toRow, toLane] }: Edge): string {
  const [x, y, toX, toY] = [xOf(lane), yOf(row), xOf(toLane), yOf(toRow)]
  if (lane === toLane) return `M${x} ${y}V${toY}`
  const bend = toY - ROW
  return `M${x} ${y}V${Math.max(y, bend)}C${x} ${toY - ROW / 3} ${toX} ${toY - ROW / 2} ${toX} ${toY}`
}
