/** The page of a session: its turns at the side, the conversation in the middle. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { SessionView, Turn } from '../../../wire.ts'
import { data } from '../../data.ts'
import { go, hashOf, type Route, sessionAt } from '../../route.ts'
import { useKeys } from '../../shell/keys.ts'
import { Loaded, useLoaded, useTitle } from '../../shell/loading.tsx'
import { shortId } from '../../text/format.ts'
import { MessageCache } from '../cache.ts'
import { Conversation } from '../conversation.tsx'
import { foldAll } from '../message/folds.tsx'
import { segmentOfTurn, segmentsOf, segmentWith } from '../segments.ts'
import { Timeline } from '../turns/timeline.tsx'
import { NameDialog, type Naming } from './name-dialog.tsx'
import { useReading } from './reading.ts'
import { SearchBox } from './search-box.tsx'
import { SessionHead } from './session-head.tsx'

type Props = Extract<Route, { view: 'session' }>

export function SessionPage({ session, at, exact, message }: Props) {
  const loading = useLoaded(`${session} ${at} ${exact}`, () => data.session(session, at, exact))
  // The old view stays while another view of the same session loads.
  const last = useRef<SessionView | undefined>(undefined)
  if (loading.value !== undefined) last.current = loading.value
  useEffect(() => data.follow(session, loading.reload), [session, at, exact])
  const shown =
    loading.error === undefined && loading.value === undefined ? { ...loading, value: last.current } : loading
  return (
    <Loaded of={shown}>
      {(view) => <Session view={view} at={at} exact={exact} message={message} reload={loading.reload} />}
    </Loaded>
  )
}

interface SessionProps extends Omit<Props, 'view' | 'session'> {
  view: SessionView
  reload: () => void
}

function Session({ view, at, exact, message, reload }: SessionProps) {
  const { session, tip, turns } = view
  const [naming, name] = useState<Naming>()
  const [isListed, list] = useState(false)
  const cache = useMemo(() => new MessageCache(session), [session])
  const segments = useMemo(() => segmentsOf(view), [view])
  const place = useMemo(() => ({ session, tip, at, exact }), [session, tip, at, exact])
  const agents = useMemo(
    () =>
      new Map(view.runs.flatMap(({ agent, id }) => (agent?.call && id ? [[agent.call, id] as const] : []))),
    [view],
  )
  const { current, goTo, goToEnd, isNew } = useReading(view, segments)

  useTitle(view.title || session)
  useEffect(() => {
    if (message !== undefined) goTo(segmentWith(segments, message), `m${message}`)
    else if (at !== '' && view.branches.every((branch) => branch.name !== at))
      goTo(segmentOfTurn(segments, view.focus), `turn-${view.focus}`)
  }, [session, at, exact, message, view.focus])

  const select = (number: number) => {
    const turn = turns[number]
    if (turn === undefined) return
    list(false)
    goTo(segmentOfTurn(segments, turn.id), `turn-${turn.id}`)
    // Puts the reader's position into the address, without a new history entry.
    const address = hashOf(sessionAt(session, shortId(turn.id)))
    if (!exact) history.replaceState(null, '', address)
  }
  useKeys([
    { key: 'j', about: 'next turn', run: () => select(Math.min(current + 1, turns.length - 1)) },
    { key: 'k', about: 'previous turn', run: () => select(Math.max(current - 1, 0)) },
    { key: 'n', about: 'next message', run: () => stepMessage(1) },
    { key: 'p', about: 'previous message', run: () => stepMessage(-1) },
    { key: 'g', about: 'first turn', run: () => select(0) },
    { key: 'G', about: 'newest message', run: goToEnd },
    { key: 'o', about: 'open or fold all tool calls', run: foldAll },
    ...(data.alone
      ? []
      : [
          { key: 'b', about: 'branches', run: () => go({ view: 'branches', session }) },
          {
            key: 'c',
            about: 'compare this turn with the newest',
            run: () =>
              go({
                view: 'compare',
                from: { session, at: shortId(turns[current]?.id ?? tip) },
                to: { session, at: view.branch ?? shortId(tip) },
              }),
          },
          {
            key: 'r',
            about: "replay this turn's run",
            run: () => {
              const run = turns[current]?.run
              if (run !== undefined) go({ view: 'replay', session, run })
            },
          },
        ]),
  ])
  return (
    <div class="session-page">
      <SessionHead view={view} tab="conversation" reload={reload} />
      <div class="reading">
        <nav class={isListed ? 'side listed' : 'side'} aria-label="turns">
          <SearchBox session={session} tip={tip} at={at} exact={exact} />
          <Timeline turns={turns} current={current} select={select} />
        </nav>
        <Conversation
          view={view}
          segments={segments}
          cache={cache}
          place={place}
          agents={agents}
          act={(what, turn: Turn) => name({ what, turn })}
        />
      </div>
      <div class="floating">
        <button
          type="button"
          class="round turns-button"
          aria-expanded={isListed}
          onClick={() => list(!isListed)}
        >
          {isListed ? 'Close' : 'Turns'}
        </button>
        {isNew && (
          <button type="button" class="round" onClick={goToEnd}>
            New messages ↓
          </button>
        )}
      </div>
      {naming !== undefined && (
        <NameDialog naming={naming} session={session} close={() => name(undefined)} done={reload} />
      )}
    </div>
  )
}

/** Moves to the message after or before the focused one, or to the first visible one. */
function stepMessage(by: 1 | -1): void {
  const messages = [...document.querySelectorAll<HTMLElement>('.conversation .message')]
  const focused = messages.findIndex((message) => message.contains(document.activeElement))
  const seen = messages.findIndex((message) => message.getBoundingClientRect().bottom > 140)
  const next = messages[focused === -1 ? seen : focused + by]
  next?.focus({ preventScroll: true })
  next?.scrollIntoView({ block: 'start' })
}
