/** Carries out the tool calls of a step: judges them, runs them, and records each start and end. */
import type { Tool } from 'ai'
import { beginning } from '../../excerpt.ts'
import { hasMark } from '../../redaction/marks.ts'
import { type MessagePart, newMessage } from '../../state/index.ts'
import type { OpenCall } from '../history/open-calls.ts'
import { sendableHistory } from '../history/sendable.ts'
import { invalidJsonOf } from '../history/tool-input.ts'
import type { Scrubber } from '../secrets/secrets.ts'
import { BUILTIN_TOOLS, cutOutput, type Outcome, ToolFailure } from '../tools/index.ts'
import { untilAborted } from '../until-aborted.ts'
import type { ToolEnd, ToolRejected } from './events.ts'
import type { Judge } from './judge.ts'
import { keepFiles, saveStep, type TurnContext } from './open-session.ts'
import type { Recorder } from './recorder.ts'
import type { PendingCall } from './result.ts'

/** A valid call. */
interface ReadyCall extends OpenCall {
  /** The input as the tool's schema returns it. */
  value: unknown
}

export class ToolRunner {
  readonly #context: TurnContext
  readonly #recorder: Recorder
  readonly #judge: Judge
  /** Calls of the step that got their result. */
  readonly #answered = new Set<string>()

  constructor(context: TurnContext, recorder: Recorder, judge: Judge) {
    this.#context = context
    this.#recorder = recorder
    this.#judge = judge
  }

  /**
   * Gives each call a result, except those that have to wait for a decision: these are returned. After a cancel every
   * call has a result.
   */
  async settle(calls: readonly OpenCall[]): Promise<PendingCall[]> {
    const { signal } = this.#context
    this.#answered.clear()
    const pending: PendingCall[] = []
    const ready: ReadyCall[] = []
    // One question at a time, in the order of the calls.
    for (const call of calls) {
      if (signal.aborted) break
      const checked = await this.#check(call)
      if (checked === undefined) continue
      const { decision, reason, isAsked } = await this.#judge.decide(checked, this.#recorder)
      if (signal.aborted) break
      if (decision === 'allow' && isAsked) await this.#keepFiles(call)
      if (decision === 'allow') ready.push(checked)
      else if (decision === 'defer') pending.push({ call: call.call, tool: call.tool, input: call.input })
      else this.#reject(call, 'denied', reason)
    }
    await this.#runAll(ready)
    if (!signal.aborted) return pending
    for (const call of calls) {
      if (!this.#answered.has(call.call)) this.#reject(call, 'cancelled', 'cancelled before it started')
    }
    return []
  }

  /** Gives a call that will never run such a result. */
  abandon(call: OpenCall, message: string): void {
    this.#reject(call, 'abandoned', message)
  }

  /** Gives a call that was interrupted by the end of its process such a result. */
  interrupted(call: OpenCall, text: string): void {
    const { call: id, tool } = call
    this.#recorder.add({ type: 'tool-output', call: id, tool, text })
    this.#recorder.add({ type: 'tool-end', call: id, tool, status: 'interrupted' })
    this.#answer(call, { type: 'error-text', value: text })
  }

  async #runAll(calls: readonly ReadyCall[]): Promise<void> {
    let last: Promise<unknown> = Promise.resolve()
    const running = calls.map((call) => {
      if (BUILTIN_TOOLS[call.tool]?.parallel !== false || this.#context.tools[call.tool] !== undefined) {
        return this.#run(call)
      }
      // Calls that change files or run commands run one after another, in the model's order.
      const done = last.then(() => this.#run(call))
      last = done.catch(() => {})
      return done
    })
    const outcomes = await Promise.allSettled(running)
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #run(call: ReadyCall): Promise<void> {
    const { now } = this.#context.host
    const { call: id, tool, input } = call
    if (this.#context.signal.aborted) return
    this.#recorder.add({ type: 'tool-start', call: id, tool, input })
    // After a crash from here on the call may have run, so its start is saved first.
    await saveStep(this.#context, `start ${tool}`)
    const start = now()
    const { outcome, output } = await this.#execute(call)
    const { status, text, exitCode, signal: endedBy } = outcome
    this.#recorder.add({ type: 'tool-output', call: id, tool, text })
    const end: ToolEnd = { type: 'tool-end', call: id, tool, status, duration: Math.max(0, now() - start) }
    if (exitCode !== undefined) end.exitCode = exitCode
    if (endedBy !== undefined) end.signal = endedBy
    this.#recorder.add(end)
    this.#answer(call, output)
    await saveStep(this.#context, `end ${tool}`)
  }

  async #execute(call: ReadyCall): Promise<{ outcome: Outcome; output: MessagePart }> {
    const { host, signal, tools } = this.#context
    const { outputLimit: limit, scrubber } = host
    const own = tools[call.tool]
    try {
      if (own !== undefined) return await this.#executeOwn(own, call)
      const outcome = await this.#executeBuiltin(call)
      const text = cutOutput(scrubber.text(outcome.text), limit)
      const type = outcome.status === 'ok' ? 'text' : 'error-text'
      return { outcome: { ...outcome, text }, output: { type, value: text } }
    } catch (error) {
      const status = signal.aborted ? 'cancelled' : 'error'
      const message = scrubber.text(error instanceof Error ? error.message : String(error))
      const text = cutOutput(signal.aborted ? 'cancelled, may have run in part' : `Error: ${message}`, limit)
      return { outcome: { text, status }, output: { type: 'error-text', value: text } }
    }
  }

  #executeBuiltin({ call, tool, value }: ReadyCall): Promise<Outcome> {
    const { host, signal, workspace } = this.#context
    return BUILTIN_TOOLS[tool]!.run(value, {
      workspace,
      env: host.env,
      signal,
      limit: host.outputLimit,
      secrets: host.scrubber,
      onOutput: (text) => this.#recorder.delta({ type: 'tool-output-delta', call, text }),
      mayRead: (name) => this.#judge.mayRead(name),
    })
  }

  async #executeOwn(tool: Tool, { call, input, value }: ReadyCall) {
    const { draft, host, model, signal } = this.#context
    const { outputLimit: limit, scrubber } = host
    if (tool.execute === undefined) throw new ToolFailure('this tool has no execute function')
    const work = Promise.resolve(
      tool.execute(value, {
        toolCallId: call,
        messages: sendableHistory(draft.state, model).messages,
        abortSignal: signal,
      }),
    ).then(lastOf)
    // A tool may ignore the signal; the turn does not.
    const result = await untilAborted(work, signal, () => {
      throw new ToolFailure('cancelled')
    })
    const output = await outputOf(tool, { call, input, result, limit, scrubber })
    const text = textOf(output)
    const failed = output.type === 'error-text' || output.type === 'error-json'
    return { outcome: { text, status: failed ? 'error' : 'ok' } as Outcome, output }
  }

  /** Makes a snapshot before a call that needed a decision. */
  async #keepFiles({ call, tool }: OpenCall): Promise<void> {
    const snapshot = await keepFiles(this.#context, `before ${tool}`)
    if (snapshot !== undefined) this.#recorder.add({ type: 'files-kept', snapshot, call })
  }

  /** The call, its input checked; `undefined` when it was rejected. */
  async #check(call: OpenCall): Promise<ReadyCall | undefined> {
    const { tools } = this.#context
    const own = Object.hasOwn(tools, call.tool) ? tools[call.tool] : undefined
    const builtin = Object.hasOwn(BUILTIN_TOOLS, call.tool) ? BUILTIN_TOOLS[call.tool] : undefined
    if (own === undefined && builtin === undefined) {
      const names = [...new Set([...Object.keys(BUILTIN_TOOLS), ...Object.keys(tools)])].join(', ')
      this.#reject(call, 'unknown-tool', `There is no tool '${call.tool}'. There are: ${names}.`)
      return undefined
    }
    const raw = invalidJsonOf(call.input)
    if (raw !== undefined) {
      this.#reject(call, 'invalid-input', `The arguments are not a JSON object: ${beginning(raw, 200)}`)
      return undefined
    }
    if (hasMark(call.input)) {
      this.#reject(call, 'invalid-input', REDACTED)
      return undefined
    }
    const { asSchema } = await import('ai')
    const { validate } = asSchema((own ?? builtin!).inputSchema)
    const checked =
      validate === undefined ? { success: true as const, value: call.input } : await validate(call.input)
    if (checked.success) return { ...call, value: checked.value }
    this.#reject(call, 'invalid-input', `The arguments do not fit the tool: ${checked.error.message}`)
    return undefined
  }

  #reject(call: OpenCall, reason: ToolRejected['reason'], message: string): void {
    this.#recorder.add({ type: 'tool-rejected', call: call.call, tool: call.tool, reason, message })
    const denied = reason === 'denied'
    this.#answer(
      call,
      denied ? { type: 'execution-denied', reason: message } : { type: 'error-text', value: message },
    )
  }

  #answer({ call, tool }: OpenCall, output: MessagePart): void {
    const { draft, host } = this.#context
    this.#answered.add(call)
    const part: MessagePart = { type: 'tool-result', toolCallId: call, toolName: tool, output }
    draft.addMessage(newMessage('tool', '', { parts: [part], run: this.#recorder.run }, host.now()))
  }
}

const REDACTED =
  'The arguments hold a mark where a secret was redacted, so they are not what was meant. Nothing was run. Read the secret again where it is kept, or ask the user.'

/** A tool may give its result in pieces, each replacing the one before. */
async function lastOf(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) return result
  let last: unknown
  for await (const piece of result as AsyncIterable<unknown>) last = piece
  return last
}

interface ToolAnswer {
  call: string
  input: unknown
  result: unknown
  limit: number
  scrubber: Scrubber
}

/** The result for the model: JSON of a bounded size, whatever the tool returned. */
async function outputOf(
  tool: Tool,
  { call, input, result, limit, scrubber }: ToolAnswer,
): Promise<MessagePart> {
  const output =
    tool.toModelOutput === undefined
      ? typeof result === 'string'
        ? { type: 'text', value: result }
        : { type: 'json', value: result ?? null }
      : await tool.toModelOutput({ toolCallId: call, input, output: result })
  const json = JSON.stringify(output)
  if (json === undefined) throw new ToolFailure('the result cannot be represented as JSON')
  const plain = scrubber.value(JSON.parse(json) as MessagePart)
  if (plain.value === undefined && plain.type !== 'execution-denied')
    plain.value = plain.type.endsWith('json') ? null : ''
  if (plain.type === 'text' || plain.type === 'error-text')
    return { ...plain, value: cutOutput(String(plain.value), limit) }
  // Pictures and files cannot be cut; the tool has to keep them small.
  if (plain.type === 'content' || JSON.stringify(plain).length <= limit) return plain
  return {
    type: plain.type === 'error-json' ? 'error-text' : 'text',
    value: cutOutput(JSON.stringify(plain.value), limit),
  }
}

function textOf(output: MessagePart): string {
  if (typeof output.value === 'string') return output.value
  if (output.type === 'content' && Array.isArray(output.value)) {
    return output.value
      .map((item) => (item?.type === 'text' ? String(item.text) : `[${item?.type}]`))
      .join('\n')
  }
  return JSON.stringify(output.value ?? null)
}
