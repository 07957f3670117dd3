/** Lists the turns of a line with their statistics. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Turn } from '../../../wire.ts'
import { clockOf, cost, duration, short, when } from '../../text/format.ts'
import { shownLine } from '../../text/plain.tsx'
import { titleOf } from './turn-head.tsx'

interface TimelineProps {
  turns: readonly Turn[]
  /** Number of the turn at the reader's position. */
  current: number
  select: (number: number) => void
}

/** Height of a row in pixels. The list has the height of all rows, but only visible rows are drawn. */
const ROW = 64
const AROUND = 12

export function Timeline({ turns, current, select }: TimelineProps) {
  const list = useRef<HTMLOListElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(900)
  const most = Math.max(1, ...turns.map(({ tokens }) => tokens))
  useEffect(() => {
    const node = list.current!
    setHeight(node.clientHeight || 900)
    const y = current * ROW
    if (y < node.scrollTop || y + ROW > node.scrollTop + node.clientHeight)
      node.scrollTop = Math.max(0, y - node.clientHeight / 2)
  }, [current, turns.length])
  const first = Math.max(0, Math.floor(top / ROW) - AROUND)
  const last = Math.min(turns.length, Math.ceil((top + height) / ROW) + AROUND)
  return (
    <ol ref={list} class="timeline" onScroll={(event) => setTop(event.currentTarget.scrollTop)} tabIndex={-1}>
      <li aria-hidden="true" style={{ height: `${first * ROW}px` }} />
      {turns.slice(first, last).map((turn, offset) => (
        <Row
          key={turn.id}
          turn={turn}
          number={first + offset}
          of={turns.length}
          isCurrent={first + offset === current}
          share={turn.tokens / most}
          select={select}
        />
      ))}
      <li aria-hidden="true" style={{ height: `${(turns.length - last) * ROW}px` }} />
    </ol>
  )
}

interface RowProps {
  turn: Turn
  number: number
  of: number
  isCurrent: boolean
  share: number
  select: (number: number) => void
}

function Row({ turn, number, of, isCurrent, share, select }: RowProps) {
  const tools = Object.entries(turn.tools).sort(([, a], [, b]) => b - a)
  const shown = tools.slice(0, 2).map(([name, times]) => `${shownLine(name)}${times > 1 ? ` ×${times}` : ''}`)
  const more = tools.length > 2 ? ` +${tools.length - 2}` : ''
  return (
    <li aria-setsize={of} aria-posinset={number + 1}>
      <button
        type="button"
        class={`turn${isCurrent ? ' current' : ''}${turn.failed > 0 ? ' has-failed' : ''}`}
        aria-current={isCurrent ? 'location' : undefined}
        title={`${when(turn.createdAt)}${turn.duration > 0 ? `, ${duration(turn.duration)}` : ''}`}
        onClick={() => select(number)}
      >
        <span class="turn-title">{shownLine(titleOf(turn))}</span>
        <span class="turn-facts">
          <span>{clockOf(turn.createdAt)}</span>
          {turn.tokens > 0 && <span>{short(turn.tokens)}</span>}
          {turn.cost !== undefined && <span>{cost(turn.cost)}</span>}
          {tools.length > 0 && <span class="tools">{shown.join(', ') + more}</span>}
        </span>
        <span class="weight" aria-hidden="true">
          <span style={{ width: `${Math.max(share * 100, turn.tokens > 0 ? 2 : 0)}%` }} />
        </span>
      </button>
    </li>
  )
}
