/** Shows a message: speaker, time and blocks. */
import { useState } from 'preact/hooks'
import type { ResultBlock } from '../../../../view/block.ts'
import type { ShownMessage } from '../../../wire.ts'
import { data } from '../../data.ts'
import { hashOf } from '../../route.ts'
import { Problem } from '../../shell/loading.tsx'
import { clockOf, short, when } from '../../text/format.ts'
import { memo } from '../../text/memo.ts'
import { shownLine } from '../../text/plain.tsx'
import type { Place } from '../place.ts'
import { BlockView } from './block-view.tsx'

export interface MessageProps {
  message: ShownMessage
  place: Place
  /** Results of nearby messages, by the id of their call. They are shown with the call. */
  results?: ReadonlyMap<string, ResultBlock> | undefined
  /** Whether the previous message has the same speaker. */
  isContinued?: boolean
  /** Run ids of sub-agents, by the id of the call that started them. */
  agents?: ReadonlyMap<string, string> | undefined
}

export const MessageView = memo(({ message, place, results, agents, isContinued }: MessageProps) => {
  const [whole, setWhole] = useState<ShownMessage>()
  const [error, setError] = useState<unknown>()
  const { index, who = 'item', at, model, usage, about, agent, blocks, cut } = whole ?? message
  const own = blocks.filter((block) => block.kind !== 'result' || !isShownWithCall(block, results))
  // The result is shown with its call, and links to this message lead there.
  if (own.length === 0) {
    const told = blocks.find((block) => block.kind === 'result')
    return <span id={`m${index}`} class="told" data-call={told?.id} />
  }
  const href = hashOf({ view: 'session', ...place, message: index })
  const tokens = usage?.total ?? (usage?.input ?? 0) + (usage?.output ?? 0)
  return (
    <article
      class={`message ${isContinued === true ? 'continued ' : ''}${roleOf(
        who,
        own.every(({ kind }) => kind === 'call' || kind === 'result'),
      )}`}
      id={`m${index}`}
      aria-label={`message ${index}, ${shownLine(who)}`}
      tabIndex={-1}
    >
      <header>
        <span class="who">
          {about === 'compaction' ? 'summary of what was before' : shownLine(roleNamed(who) ?? who)}
        </span>
        {agent !== undefined && <span class="chip">sub-agent {shownLine(agent)}</span>}
        {about === 'notice' && <span class="chip">notice</span>}
        {model !== undefined && roleNamed(who) === 'assistant' && (
          <span class="model">{shownLine(model)}</span>
        )}
        <span class="facts">
          {tokens > 0 && <span title={usageText(usage)}>{short(tokens)} tokens</span>}
          {at !== undefined && (
            <time dateTime={at} title={when(at)}>
              {clockOf(at)}
            </time>
          )}
          <a class="number" href={href} title="Link to this message">
            #{index}
          </a>
        </span>
      </header>
      {own.map((block, number) => (
        <BlockView
          key={number}
          block={block}
          result={block.kind === 'call' && block.id !== undefined ? results?.get(block.id) : undefined}
          agent={block.kind === 'call' && block.id !== undefined ? agents?.get(block.id) : undefined}
          place={place}
          index={index}
          fold={`${place.session} ${index} ${number}`}
        />
      ))}
      {cut === true && whole === undefined && !data.alone && (
        <button
          type="button"
          class="more"
          onClick={() => void data.message(place.session, place.tip, index).then(setWhole, setError)}
        >
          Show all of this message
        </button>
      )}
      {cut === true && data.alone && <p class="quiet">A text is cut; the session has all of it.</p>}
      {error !== undefined && <Problem error={error} />}
    </article>
  )
})

const isShownWithCall = (
  { id }: ResultBlock,
  results: ReadonlyMap<string, ResultBlock> | undefined,
): boolean => id !== undefined && results?.has(id) === true

/** Returns the common name of a role; `undefined` for other roles. */
export const roleNamed = (who: string | undefined): 'user' | 'assistant' | undefined =>
  /^(?:user|human)$/i.test(who ?? '')
    ? 'user'
    : /^(?:assistant|ai)$/i.test(who ?? '')
      ? 'assistant'
      : undefined

const roleOf = (who: string, isWork: boolean): string => (isWork ? 'work' : (roleNamed(who) ?? 'other'))

function usageText(usage: ShownMessage['usage']): string {
  const { input, output, cached } = usage ?? {}
  const parts = [
    [input, 'in'],
    [cached, 'of it cached'],
    [output, 'out'],
  ] as const
  return parts.flatMap(([value, what]) => (value === undefined ? [] : [`${value} ${what}`])).join(', ')
}
