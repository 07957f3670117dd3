/** A turn: model calls and tool calls alternate until the model calls no more tools. */
import type { Tool, ToolSet } from 'ai'
import { newMessage, textOfParts } from '../../state/index.ts'
import { StepLimitError } from '../errors.ts'
import { openCalls } from '../history/open-calls.ts'
import { sendableHistory } from '../history/sendable.ts'
import { callModel } from '../model/call.ts'
import { Cancelled } from '../model/guard.ts'
import { BUILTIN_TOOLS } from '../tools/index.ts'
import type { Draft } from './draft.ts'
import type { TurnContext } from './open-session.ts'
import type { Recorder } from './recorder.ts'
import type { ToolRunner } from './tool-runner.ts'

/** Runs the turn from its current position. Its end is recorded; a failure is thrown. */
export async function runTurn(context: TurnContext, recorder: Recorder, runner: ToolRunner): Promise<void> {
  const { draft, host, request, signal } = context
  const maxSteps = request.maxSteps ?? host.maxSteps
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
      if (isAnswered(draft)) return complete(draft, recorder, finishReason)
      if (steps++ >= maxSteps) throw new StepLimitError(maxSteps, recorder.run)
      const step = recorder.steps + 1
      recorder.add({ type: 'step-start', step })
      const answer = await modelStep(context, recorder, step)
      finishReason = answer.finishReason
      unfinished = step
      if (!answer.goesOn) {
        recorder.add({ type: 'step-end', step, finishReason })
        unfinished = undefined
        return complete(draft, recorder, finishReason)
      }
    }
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    cancel(context, recorder, error.text)
  }
}

/** The model's last text in the run. */
export function textOfRun(draft: Draft, run: string): string {
  const last = draft.messages.findLast((message) => message.run === run && message.role === 'assistant')
  return last?.content ?? ''
}

async function modelStep(
  { draft, host, model, signal, systemPrompt, tools }: TurnContext,
  recorder: Recorder,
  step: number,
): Promise<{ finishReason: string; goesOn: boolean }> {
  const { limits, now, scrubber } = host
  const answer = await callModel({
    model,
    ...sendableHistory(draft.state, model, systemPrompt),
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

function complete(draft: Draft, recorder: Recorder, finishReason: string): void {
  const message = draft.messages.findLast(({ run, role }) => run === recorder.run && role === 'assistant')?.id
  recorder.end('completed', {
    result: { finishReason, steps: recorder.steps, ...(message ? { message } : {}) },
  })
}

function cancel({ draft, host, model }: TurnContext, recorder: Recorder, text: string): void {
  // The user has seen the text so far, so it stays.
  if (text !== '') {
    recorder.add({ type: 'text', step: recorder.steps, text })
    const parts = [{ type: 'text', text }]
    const fields = { parts, run: recorder.run, model: model.ref }
    draft.addMessage(newMessage('assistant', text, fields, host.now()))
  }
  recorder.end('cancelled')
}
