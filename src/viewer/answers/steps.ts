/** What happened in a run, step by step, to be played again. */
import type { JsonObject } from '../../json-value.ts'
import { listOf, objectOf, textAmong } from '../../view/fields.ts'
import { readMessage } from '../../view/message.ts'
import { readEvent } from '../../view/run.ts'
import type { Step } from '../wire.ts'
import { shownMessage } from './shown.ts'

/** @param items of the session, of which those of the run stand in for events that say nothing */
export function stepsOf(run: JsonObject, items: readonly unknown[]): Step[] {
  const events = listOf(run.events).slice(0, MOST_STEPS).map(stepOf)
  const isTold = events.some(({ message }) => message?.who === 'assistant')
  if (isTold) return events
  const said = items.flatMap((item, index): Step[] => {
    const message = readMessage(item)
    if (message.run === undefined || message.run !== run.id) return []
    const shown = shownMessage(message, index)
    return [{ sequence: undefined, at: message.at, type: 'message', call: undefined, message: shown }]
  })
  return inTime(said.slice(0, MOST_STEPS), events)
}

const MOST_STEPS = 20_000

function stepOf(event: unknown, index: number): Step {
  const { message, ...read } = readEvent(event)
  const delta = DELTA.test(read.type) ? textAmong(objectOf(event).text) : undefined
  return {
    ...read,
    ...(message !== undefined && { message: shownMessage(message, index) }),
    ...(delta !== undefined && { delta }),
  }
}

const DELTA = /^(?:text|reasoning|tool-output)-delta$/

/** Both lists in the order of time, each in its own order; what has no time follows what it follows. */
function inTime(said: readonly Step[], events: readonly Step[]): Step[] {
  const steps: Step[] = []
  const rest = [...events]
  for (const step of said) {
    while (rest[0]?.at !== undefined && step.at !== undefined && Date.parse(rest[0].at) < Date.parse(step.at))
      steps.push(rest.shift()!)
    steps.push(step)
  }
  return [...steps, ...rest]
}
