/** Shows a changed message, with the changed words of its texts. */
import { wordDiff } from '../../../view/line-diff.ts'
import type { ShownMessage } from '../../wire.ts'
import { MessageView } from '../conversation/message/message-view.tsx'
import type { Place } from '../conversation/place.ts'
import { shown, shownLine } from '../text/plain.tsx'

interface ChangedMessageProps {
  before: ShownMessage
  after: ShownMessage
  left: Place
  right: Place
}

export function ChangedMessage({ before, after, left, right }: ChangedMessageProps) {
  const [old, now] = [onlyText(before), onlyText(after)]
  if (old === undefined || now === undefined || old === now || old.length + now.length > LONGEST)
    return (
      <div class="sides">
        <div class="old">
          <MessageView message={before} place={left} />
        </div>
        <div class="new">
          <MessageView message={after} place={right} />
        </div>
      </div>
    )
  const words = wordDiff(old, now)
  return (
    <div class="sides">
      {(
        [
          ['-', before, 'old'],
          ['+', after, 'new'],
        ] as const
      ).map(([sign, message, side]) => (
        <div class={side}>
          <article
            class="message"
            aria-label={`message ${message.index}, ${side === 'old' ? 'before' : 'after'}`}
          >
            <header>
              <span class="who">{shownLine(message.who ?? 'item')}</span>
              <span class="facts">#{message.index}</span>
            </header>
            <p class="plain">
              {words
                .filter((word) => word.sign === sign || word.sign === ' ')
                .map((word) =>
                  word.sign === ' ' ? (
                    shown(word.text)
                  ) : sign === '-' ? (
                    <del>{shown(word.text)}</del>
                  ) : (
                    <ins>{shown(word.text)}</ins>
                  ),
                )}
            </p>
          </article>
        </div>
      ))}
    </div>
  )
}

/** Most characters of texts whose words are compared. */
const LONGEST = 100_000

/** Returns the text of a message that is nothing but text. */
const onlyText = ({ blocks }: ShownMessage): string | undefined =>
  blocks.every((block) => block.kind === 'text')
    ? blocks.map((block) => (block.kind === 'text' ? block.text : '')).join('\n')
    : undefined
