/** The steps of a run, for replay. */
import type { JsonObject } from '../../json-value.ts'
import { listOf, objectOf, textAmong } from '../../view/fields.ts'
import { readMessage } from '../../view/message.ts'
import { readEvent } from '../../view/run.ts'
import type { Step } from '../wire.ts'
import { shownMessage } from './shown.ts'

/** @param items items of the session; those of the run are used if its events contain no message of the assistant */
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
    message: message && shownMessage(message, index),
    delta,
  }
}

const DELTA = /^(?:text|reasoning|tool-output)-delta$/

/** Merges both lists by time. Each keeps its own order, also for steps without a time. */
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
