/** A run that waits for approvals: the calls that it waits for, and its state after some of them have results. */
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

/** A stored run. */
export interface WaitingRun {
  /** `toJSON` of the framework's RunState. */
  state: unknown
  /** Ids of the calls that have no result yet, and of the requests to approve. */
  waitsFor: readonly string[]
}

/** @param state `toJSON` of the RunState with these interruptions */
export function waitingRun(state: unknown, interruptions: readonly RunToolApprovalItem[]): WaitingRun {
  const asked = interruptions.flatMap(({ rawItem }) => idsOf(rawItem))
  return { state, waitsFor: [...new Set([...asked, ...openCalls(state).flat()])] }
}

/** Returns the commit subject of a waiting run. */
export function subjectOfWaiting(interruptions: readonly RunToolApprovalItem[]): string {
  const names = interruptions.map(({ name }) => name ?? 'a tool')
  return cut(names.length === 0 ? 'keep a run' : `wait for approval of ${names.join(', ')}`)
}

/** Whether the item is the result of a waiting call, or the answer to a waiting request. */
export function answers(item: unknown, waitsFor: unknown): boolean {
  return Array.isArray(waitsFor) && answeredBy(item).some((id) => waitsFor.includes(id))
}

/**
 * Returns the run after these items are saved, some of which answer its calls. `null` if no call is left: all have
 * results, or the model has continued after them. Otherwise the run waits for the remaining calls.
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
  /** Context of the resumed run. Default: the saved one. */
  context?: RunContext<TContext>
  contextStrategy?: 'merge' | 'replace'
}

/** Restores the stored run state. Adds the results of its waiting calls that the items contain. */
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
 * Adds the session's results of waiting calls to a state, as if the Runner had just run the calls. So the Runner does
 * not run them again, and asks only for the others.
 *
 * @param items items of the session
 */
function giveResults<TContext>(state: RunState<TContext, AnyAgent>, items: readonly AgentInputItem[]): void {
  const step = state._currentStep
  if (step?.type !== 'next_step_interruption') return
  const requests: RunToolApprovalItem[] = step.data.interruptions
  step.data.interruptions = requests.filter((request) => {
    const at = state._generatedItems.findIndex((item) => isRequest(item, request))
    const result = at === -1 ? undefined : resultOf(request, items)
    // The result replaces the request, so that item counts in the state stay correct.
    if (result !== undefined) state._generatedItems[at] = result
    return result === undefined
  })
}

const isRequest = (item: RunItem, request: RunToolApprovalItem): boolean =>
  item.type === 'tool_approval_item' && idsOf(item.rawItem).join() === idsOf(request.rawItem).join()

/** Returns the item that answers a request: the last such item, unless the same call follows it again. */
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

/**
 * Returns the run's own calls without a result, and its hosted requests without an answer: for each, the ids that an
 * answer may name.
 */
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

/** Returns the id of a call, or the ids of a hosted tool's request that an approval may name. */
function idsOf(rawItem: unknown): string[] {
  if (!isJsonObject(rawItem)) return []
  const { callId, id, providerData } = rawItem
  const request = isJsonObject(providerData) ? [providerData.id, providerData.itemId] : []
  return [callId, id, ...request].filter((one) => typeof one === 'string')
}

/** Returns the ids that an item is the result of, or the answer to; none for a call itself. */
function answeredBy(item: unknown): string[] {
  if (!isJsonObject(item)) return []
  const { type, callId, providerData } = item
  const request = isJsonObject(providerData) ? providerData.approval_request_id : undefined
  const call = /_(?:result|output)$/.test(String(type)) ? callId : undefined
  return [call, request].filter((one) => typeof one === 'string')
}

/** Whether the item is from a model. A model continues only when no call is open. */
const isOfModel = (item: unknown): boolean =>
  isJsonObject(item) && (item.role === 'assistant' || /^(?:reasoning|[a-z_]+_call)$/.test(String(item.type)))

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
