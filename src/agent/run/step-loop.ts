/** A turn: model calls and tool calls alternate until the model calls no more tools. */
import type { Tool, ToolSet } from 'ai'
import { newMessage, textOfParts } from '../../state/index.ts'
import { StepLimitError } from '../errors.ts'
import { openCalls } from '../history/open-calls.ts'
import { sendableHistory } from '../history/sendable.ts'
import { callModel } from '../model/call.ts'
import { Cancelled, type ModelLimits } from '../model/guard.ts'
import type { ReadyModel } from '../model/model.ts'
import type { Scrubber } from '../secrets/secrets.ts'
import { BUILTIN_TOOLS } from '../tools/index.ts'
import type { Draft } from './draft.ts'
import type { Recorder } from './recorder.ts'
import type { ToolRunner } from './tool-runner.ts'

export interface TurnOptions {
  draft: Draft
  recorder: Recorder
  runner: ToolRunner
  model: ReadyModel
  system: string | undefined
  /** The user's own tools. */
  tools: ToolSet
  limits: ModelLimits
  /** Model calls that the turn may still make. */
  maxSteps: number
  scrubber: Scrubber
  signal: AbortSignal
  now: () => number
}

/** Runs the turn from its current position. Its end is recorded; a failure is thrown. */
export async function runTurn(options: TurnOptions): Promise<void> {
  const { draft, recorder, runner, signal } = options
  let steps = 0
  // Set while a step waits for its tools.
  let unfinished = openCalls(draft.messages).length > 0 ? recorder.steps : undefined
  let finishReason = 'tool-calls'
  try {
    for (;;) {
      const calls = openCalls(draft.messages)
      if (calls.length > 0) {
        const pending = await runner.settle(calls)
        if (pending.length > 0) return recorder.wait(pending)
      }
      if (unfinished !== undefined) recorder.add({ type: 'step-end', step: unfinished, finishReason })
      unfinished = undefined
      if (signal.aborted) throw new Cancelled()
      if (isAnswered(draft)) return complete(options, finishReason)
      if (steps++ >= options.maxSteps) throw new StepLimitError(options.maxSteps, recorder.run)
      const step = recorder.steps + 1
      recorder.add({ type: 'step-start', step })
      const answer = await modelStep(options, step)
      finishReason = answer.finishReason
      unfinished = step
      if (!answer.goesOn) {
        recorder.add({ type: 'step-end', step, finishReason })
        unfinished = undefined
        return complete(options, finishReason)
      }
    }
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    cancel(options, error.text)
  }
}

/** The model's last text in the run. */
export function textOfRun(draft: Draft, run: string): string {
  const last = draft.messages.findLast((message) => message.run === run && message.role === 'assistant')
  return last?.content ?? ''
}

async function modelStep(
  { draft, limits, model, now, recorder, scrubber, signal, system, tools }: TurnOptions,
  step: number,
): Promise<{ finishReason: string; goesOn: boolean }> {
  const answer = await callModel({
    model,
    ...sendableHistory(draft.state, model, system),
    tools: model.tools ? offered(tools) : {},
    limits,
    scrubber,
    signal,
    onDelta: (type, text) => recorder.delta({ type: `${type}-delta`, step, text }),
    onRetry: (attempt, delay, error) => {
      const { code, message, name } = error
      recorder.add({
        type: 'retry',
        step,
        attempt,
        delay,
        error: { name, code, message: scrubber.text(message) },
      })
    },
  })
  for (const { type, text } of answer.blocks) recorder.add({ type, step, text })
  recorder.addUsage(step, answer.usage)
  if (answer.parts.length > 0) {
    const { parts, usage } = answer
    const fields = { parts, run: recorder.run, usage, model: model.ref }
    draft.addMessage(newMessage('assistant', textOfParts(parts), fields, now()))
  }
  const goesOn = answer.parts.some((part) => part.type === 'tool-call' && part.providerExecuted !== true)
  return { finishReason: answer.finishReason, goesOn }
}

/** The tools offered to the model; we carry them out. The user's tools replace ours of the same name. */
function offered(own: ToolSet): ToolSet {
  const all: [string, Tool][] = [
    ...Object.entries(BUILTIN_TOOLS)
      .filter(([name]) => !Object.hasOwn(own, name))
      .map(([name, { description, inputSchema }]) => [name, { description, inputSchema }] as [string, Tool]),
    ...Object.entries(own).map(([name, tool]): [string, Tool] => {
      const { execute: _, needsApproval: __, ...rest } = tool
      return [name, rest as Tool]
    }),
  ]
  return Object.fromEntries(all)
}

/** Whether the run ends with an answer without tool calls. */
function isAnswered({ messages }: Draft): boolean {
  const last = messages.at(-1)
  return last?.role === 'assistant' && openCalls(messages).length === 0
}

function complete({ draft, recorder }: TurnOptions, finishReason: string): void {
  const message = draft.messages.findLast(({ run, role }) => run === recorder.run && role === 'assistant')?.id
  recorder.end('completed', {
    result: { finishReason, steps: recorder.steps, ...(message ? { message } : {}) },
  })
}

function cancel({ draft, model, now, recorder }: TurnOptions, text: string): void {
  // The user has seen the text so far, so it stays.
  if (text !== '') {
    recorder.add({ type: 'text', step: recorder.steps, text })
    const parts = [{ type: 'text', text }]
    const fields = { parts, run: recorder.run, model: model.ref }
    draft.addMessage(newMessage('assistant', text, fields, now()))
  }
  recorder.end('cancelled')
}
