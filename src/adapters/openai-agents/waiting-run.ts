/** A run that waits for approvals: which calls it waits for, and what becomes of it once some have a result. */
import {
  type Agent,
  type AgentInputItem,
  type RunContext,
  type RunItem,
  RunState,
  type RunToolApprovalItem,
  RunToolCallItem,
  RunToolCallOutputItem,
} from '@openai/agents-core'
import { isJsonObject } from '../../json-value.ts'
import { cut } from './item-line.ts'

// biome-ignore lint/suspicious/noExplicitAny: the framework's own bound of an agent
export type AnyAgent = Agent<any, any>

/** As it is kept. */
export interface WaitingRun {
  /** `toJSON` of the framework's RunState. */
  state: unknown
  /** Ids of the calls that have no result yet, and of the requests to approve. */
  waitsFor: readonly string[]
}

/** @param state `toJSON` of the RunState that these interruptions are of */
export function waitingRun(state: unknown, interruptions: readonly RunToolApprovalItem[]): WaitingRun {
  const asked = interruptions.flatMap(({ rawItem }) => idsOf(rawItem))
  return { state, waitsFor: [...new Set([...asked, ...openCalls(state).flat()])] }
}

/** What `git log` says of it. */
export function subjectOfWaiting(interruptions: readonly RunToolApprovalItem[]): string {
  const names = interruptions.map(({ name }) => name ?? 'a tool')
  return cut(names.length === 0 ? 'keep a run' : `wait for approval of ${names.join(', ')}`)
}

/** Whether the item is the result of a call that is waited for, or the answer to a request. */
export function answers(item: unknown, waitsFor: unknown): boolean {
  return Array.isArray(waitsFor) && answeredBy(item).some((id) => waitsFor.includes(id))
}

/**
 * The run once these items are saved, of which some answer it. `null` when no call is left: all have results, or the
 * model has said something behind them. Otherwise it waits for the rest.
 */
export function runAfter({ state, waitsFor }: WaitingRun, items: readonly unknown[]): WaitingRun | null {
  const answered = new Set(items.flatMap(answeredBy))
  const isLeft = (ids: readonly string[]) =>
    ids.some((id) => waitsFor.includes(id)) && !ids.some((id) => answered.has(id))
  const last = items.findLastIndex((item) => answers(item, waitsFor))
  const left = items.slice(last + 1).some(isOfModel) ? [] : openCalls(state).filter(isLeft)
  if (left.length === 0) return null
  const gone = new Set(
    openCalls(state)
      .filter((ids) => !isLeft(ids))
      .flat(),
  )
  return { state, waitsFor: waitsFor.filter((id) => !gone.has(id) && !answered.has(id)) }
}

export interface RestoreOptions<TContext> {
  /** Of the run from now on. Default: the one that was saved with it. */
  context?: RunContext<TContext>
  contextStrategy?: 'merge' | 'replace'
}

/** The run state that was kept, with the results that the items hold of calls that it still waits for. */
export async function restoreRun<TContext, TAgent extends AnyAgent>(
  agent: TAgent,
  kept: unknown,
  items: readonly AgentInputItem[],
  { context, contextStrategy }: RestoreOptions<TContext>,
): Promise<RunState<TContext, TAgent>> {
  const text = JSON.stringify(kept)
  const state =
    context === undefined
      ? await RunState.fromString<TContext, TAgent>(agent, text)
      : await RunState.fromStringWithContext<TContext, TAgent>(agent, text, context, {
          ...(contextStrategy !== undefined && { contextStrategy }),
        })
  giveResults(state, items)
  return state
}

/**
 * Gives a state the results that the session has of calls that it still waits for, as if the Runner had just run them:
 * it does not run them again, and asks for the others only.
 *
 * @param items of the session
 */
function giveResults<TContext>(state: RunState<TContext, AnyAgent>, items: readonly AgentInputItem[]): void {
  const step = state._currentStep
  if (step?.type !== 'next_step_interruption') return
  const requests: RunToolApprovalItem[] = step.data.interruptions
  step.data.interruptions = requests.filter((request) => {
    const at = state._generatedItems.findIndex((item) => isRequest(item, request))
    const result = at === -1 ? undefined : resultOf(request, items)
    // In its place, so that what counts items stays true.
    if (result !== undefined) state._generatedItems[at] = result
    return result === undefined
  })
}

const isRequest = (item: RunItem, request: RunToolApprovalItem): boolean =>
  item.type === 'tool_approval_item' && idsOf(item.rawItem).join() === idsOf(request.rawItem).join()

/** What answers a request: the last such item, unless the call was made once more behind it. */
function resultOf(
  { rawItem, agent }: RunToolApprovalItem,
  items: readonly AgentInputItem[],
): RunItem | undefined {
  const ids = idsOf(rawItem)
  const found = items.findLast(
    (item) => answeredBy(item).some((id) => ids.includes(id)) || isCallOf(item, rawItem),
  )
  if (found === undefined || isCallOf(found, rawItem)) return undefined
  if (found.type === 'hosted_tool_call') return new RunToolCallItem(found, agent)
  const { output } = found as { output?: unknown }
  const text = isJsonObject(output) && typeof output.text === 'string' ? output.text : output
  return new RunToolCallOutputItem(found as RunToolCallOutputItem['rawItem'], agent, text)
}

const isCallOf = (item: unknown, rawItem: RunToolApprovalItem['rawItem']): boolean =>
  isJsonObject(item) && item.type === rawItem.type && idsOf(item).some((id) => idsOf(rawItem).includes(id))

/** Calls without a result that the run has made itself, and hosted requests: of each the ids that an answer may name. */
function openCalls(state: unknown): string[][] {
  const items = isJsonObject(state) ? listOf(state.generatedItems).filter(isJsonObject) : []
  const done = new Set(items.flatMap(({ rawItem }) => answeredBy(rawItem)))
  const calls = items.flatMap(({ type, rawItem }) => {
    if (!isJsonObject(rawItem)) return []
    if (type === 'tool_call_item') return typeof rawItem.callId === 'string' ? [[rawItem.callId]] : []
    return type === 'tool_approval_item' && rawItem.type === 'hosted_tool_call' ? [idsOf(rawItem)] : []
  })
  return calls.filter((ids) => !ids.some((id) => done.has(id)))
}

/** Of a call its id; of a hosted tool's request the id that an approval names. */
function idsOf(rawItem: unknown): string[] {
  if (!isJsonObject(rawItem)) return []
  const { callId, id, providerData } = rawItem
  const request = isJsonObject(providerData) ? [providerData.id, providerData.itemId] : []
  return [callId, id, ...request].filter((one) => typeof one === 'string')
}

/** Ids that an item is the result of, or the answer to. A call itself is neither. */
function answeredBy(item: unknown): string[] {
  if (!isJsonObject(item)) return []
  const { type, callId, providerData } = item
  const request = isJsonObject(providerData) ? providerData.approval_request_id : undefined
  const call = /_(?:result|output)$/.test(String(type)) ? callId : undefined
  return [call, request].filter((one) => typeof one === 'string')
}

/** Whether a model said it, which it does only when no call is open. */
const isOfModel = (item: unknown): boolean =>
  isJsonObject(item) && (item.role === 'assistant' || /^(?:reasoning|[a-z_]+_call)$/.test(String(item.type)))

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
