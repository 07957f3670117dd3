/** Shows a conversation of any length: only messages near the visible part are on the page. */
import { useEffect, useState } from 'preact/hooks'
import type { ResultBlock } from '../../../view/block.ts'
import type { SessionView, ShownMessage, Turn } from '../../wire.ts'
import { Problem } from '../shell/loading.tsx'
import { memo } from '../text/memo.ts'
import type { MessageCache } from './cache.ts'
import { MessageView, roleNamed } from './message/message-view.tsx'
import { resultsIn } from './message/results.ts'
import { useNear } from './near.ts'
import type { Place } from './place.ts'
import type { Part, Segment } from './segments.ts'
import { CodeChanges } from './turns/code-changes.tsx'
import { TurnHead } from './turns/turn-head.tsx'

export interface ConversationProps {
  view: SessionView
  segments: readonly Segment[]
  cache: MessageCache
  place: Place
  agents: ReadonlyMap<string, string>
  act: (what: 'fork' | 'tag', turn: Turn) => void
}

export function Conversation({ view, segments, ...common }: ConversationProps) {
  return (
    <section class="conversation" aria-label="messages">
      {segments.map((segment, index) => (
        <SegmentView key={index} id={`segment-${index}`} segment={segment} view={view} {...common} />
      ))}
      {view.messages === 0 && <p class="quiet empty">No messages yet.</p>}
    </section>
  )
}

type SegmentProps = Omit<ConversationProps, 'segments'> & { id: string; segment: Segment }

const SegmentView = (props: SegmentProps) => {
  const { id, segment, view, cache, place } = props
  const { from, to } = segment
  const { element, isNear, height } = useNear<HTMLDivElement>()
  const [loads, count] = useState(0)
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    if (!isNear || cache.isFresh(view.tip, from, to)) return
    let isWanted = true
    cache.load(view.tip, from, to).then(
      () => isWanted && count(loads + 1),
      (problem: unknown) => isWanted && setError(problem),
    )
    return () => {
      isWanted = false
    }
  }, [isNear, view.tip, from, to])
  const messages = isNear ? cache.known(from, to) : []
  const results = resultsIn(messages)
  const isShown = isNear && (messages.length > 0 || from === to)
  const guess = segment.parts.length * 70 + (to - from) * 110
  return (
    <div
      ref={element}
      id={id}
      class={isShown ? 'segment' : 'segment empty'}
      aria-busy={!isShown}
      style={isShown ? { minHeight: '' } : { minHeight: `${height ?? guess}px` }}
    >
      {isShown &&
        segment.parts.map((part) => (
          <PartView
            key={`${part.turn.id} ${part.from}`}
            {...props}
            part={part}
            place={place}
            results={results}
            messages={messages.filter(({ index }) => index >= part.from && index < part.to)}
          />
        ))}
      {error !== undefined && <Problem error={error} />}
    </div>
  )
}

type PartProps = SegmentProps & {
  part: Part
  messages: readonly ShownMessage[]
  results: ReadonlyMap<string, ResultBlock>
}

const PartView = memo(({ part, messages, results, view, place, agents, act }: PartProps) => {
  const continued = continuedIn(messages)
  return (
    <>
      {part.first && <TurnHead turn={part.turn} number={part.number} view={view} place={place} act={act} />}
      {part.first && view.files && <CodeChanges turn={part.turn} session={place.session} />}
      {messages.map((message) => (
        <MessageView
          key={message.index}
          message={message}
          place={place}
          results={results}
          agents={agents}
          isContinued={continued.has(message.index)}
        />
      ))}
    </>
  )
})

/**
 * Returns the numbers of messages that continue an assistant's message after its tool calls, without another speaker
 * between.
 */
function continuedIn(messages: readonly ShownMessage[]): Set<number> {
  const continued = new Set<number>()
  let named: string | undefined
  for (const { index, who, agent, blocks } of messages) {
    if (who === 'tool' || blocks.every(({ kind }) => kind === 'call')) continue
    const voice = roleNamed(who) === 'assistant' ? `${agent}` : undefined
    if (voice !== undefined && voice === named) continued.add(index)
    named = voice
  }
  return continued
}
