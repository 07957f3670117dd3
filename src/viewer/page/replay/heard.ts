/** What a viewer of a run has seen after some of its steps. */
import type { ResultBlock } from '../../../view/block.ts'
import type { ShownMessage, Step } from '../../wire.ts'
import { resultsIn } from '../conversation/message/results.ts'

export interface Heard {
  messages: readonly ShownMessage[]
  /** Results by the id of their call. */
  results: ReadonlyMap<string, ResultBlock>
  /** Text of the message that is still being written. */
  pending: string
}

export function heardUntil(steps: readonly Step[], position: number): Heard {
  const messages: ShownMessage[] = []
  let pending = ''
  for (const { message, delta } of steps.slice(0, position)) {
    if (delta !== undefined) pending += delta
    if (message === undefined) continue
    pending = ''
    const before = messages.at(-1)
    // A message of a model can come in several steps.
    if (before !== undefined && before.who === message.who && message.id === undefined)
      messages[messages.length - 1] = { ...before, blocks: [...before.blocks, ...message.blocks] }
    else messages.push(message)
  }
  return { messages, results: resultsIn(messages), pending }
}

/** Returns the milliseconds to the next step, in real time; long pauses are shortened. */
export function pauseAfter(steps: readonly Step[], position: number): number {
  const [before, next] = [steps[position - 1]?.at, steps[position]?.at]
  const passed = Date.parse(next ?? '') - Date.parse(before ?? '')
  return Number.isNaN(passed) ? 1000 : Math.min(Math.max(passed, 120), LONGEST_PAUSE)
}

const LONGEST_PAUSE = 8000
