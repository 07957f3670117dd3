/** The head of a turn: its subject, its statistics, and actions on its checkpoint. */
import type { SessionView, Turn } from '../../../wire.ts'
import { data } from '../../data.ts'
import { hashOf, sessionAt } from '../../route.ts'
import { Icon, NameChip } from '../../shell/icon.tsx'
import { cost, count, duration, short, shortId, when } from '../../text/format.ts'
import { shownLine } from '../../text/plain.tsx'
import type { Place } from '../place.ts'

export interface TurnHeadProps {
  turn: Turn
  number: number
  view: SessionView
  place: Place
  act: (what: 'fork' | 'tag', turn: Turn) => void
}

export function TurnHead({ turn, number, view, place, act }: TurnHeadProps) {
  const { session } = place
  const heads = view.branches.filter(({ head }) => head === turn.id)
  const tags = view.tags.filter(({ checkpoint }) => checkpoint === turn.id)
  const calls = Object.values(turn.tools).reduce((sum, times) => sum + times, 0)
  const link = hashOf(sessionAt(session, shortId(turn.id)))
  return (
    <div class="turn-head" id={`turn-${turn.id}`} data-turn={number}>
      <h2>
        <a href={link} title={`checkpoint ${turn.id}`}>
          {shownLine(/^turn \d+: /.test(turn.subject) ? `Turn ${turn.seq}` : turn.subject)}
        </a>
      </h2>
      <p class="facts">
        <span>{when(turn.createdAt)}</span>
        {turn.duration > 0 && <span>{duration(turn.duration)}</span>}
        {turn.tokens > 0 && <span>{short(turn.tokens)} tokens</span>}
        {turn.cost !== undefined && <span>{cost(turn.cost)}</span>}
        {calls > 0 && <span>{count(calls, 'tool call')}</span>}
        {turn.failed > 0 && <span class="failed">{turn.failed} failed</span>}
        <code>{shortId(turn.id)}</code>
        {heads.map(({ name }) => (
          <NameChip kind="branch" name={name} />
        ))}
        {tags.map(({ name }) => (
          <NameChip kind="tag" name={name} />
        ))}
        {!data.alone && <Actions turn={turn} view={view} session={session} act={act} />}
      </p>
    </div>
  )
}

function Actions({
  turn,
  view,
  session,
  act,
}: Omit<TurnHeadProps, 'number' | 'place'> & { session: string }) {
  return (
    <span class="actions">
      {turn.run !== undefined && (
        <a href={hashOf({ view: 'replay', session, run: turn.run })} title="Replay this turn's run">
          <Icon name="play" />
          replay
        </a>
      )}
      <a
        href={hashOf({
          view: 'compare',
          from: { session, at: shortId(turn.id) },
          to: { session, at: view.branch ?? shortId(view.tip) },
        })}
        title="Compare with the newest checkpoint"
      >
        <Icon name="compare" />
        compare
      </a>
      {!view.exact && (
        <a href={hashOf(sessionAt(session, shortId(turn.id), true))} title="The session as it was then">
          <Icon name="clock" />
          as it was
        </a>
      )}
      <WriteActions turn={turn} act={act} />
    </span>
  )
}

function WriteActions({ turn, act }: Pick<TurnHeadProps, 'turn' | 'act'>) {
  if (!writable) return null
  return (
    <>
      <button type="button" class="plain-button" onClick={() => act('fork', turn)}>
        <Icon name="branch" />
        fork
      </button>
      <button type="button" class="plain-button" onClick={() => act('tag', turn)}>
        <Icon name="tag" />
        tag
      </button>
    </>
  )
}

let writable = false
if (!data.alone)
  data.info().then(
    (info) => {
      writable = info.writable
    },
    () => undefined,
  )

/** Returns `3. Fix it` for `turn 3: Fix it`. */
export function titleOf({ subject, seq }: Pick<Turn, 'subject' | 'seq'>): string {
  const rest = subject.replace(/^turn \d+: /, '')
  return rest === subject ? subject : `${seq}. ${rest}`
}
