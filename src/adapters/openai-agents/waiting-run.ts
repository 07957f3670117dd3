/** A run that waits for approvals: which calls it waits for, and what shows that it has gone on. */
import type { RunToolApprovalItem } from '@openai/agents-core'
import { isJsonObject } from '../../json-value.ts'

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
  return { state, waitsFor: [...new Set([...asked, ...openCalls(state)])] }
}

/** Whether the item belongs to what a run does once it goes on, such as the result of a call it waited for. */
export function answers(item: unknown, waitsFor: unknown): boolean {
  if (!Array.isArray(waitsFor) || !isJsonObject(item)) return false
  const { callId, providerData } = item
  const request = isJsonObject(providerData) ? providerData.approval_request_id : undefined
  return [callId, request].some((id) => id !== undefined && waitsFor.includes(id))
}

/** Of a call its id; of a hosted tool's request the id that an approval names. */
function idsOf(rawItem: unknown): string[] {
  if (!isJsonObject(rawItem)) return []
  const { callId, id, providerData } = rawItem
  const request = isJsonObject(providerData) ? [providerData.id, providerData.itemId] : []
  return [callId, id, ...request].filter((one) => typeof one === 'string')
}

/** Calls without a result, such as that of an agent whose own tool is what waits. */
function openCalls(state: unknown): string[] {
  const items = isJsonObject(state) && Array.isArray(state.generatedItems) ? state.generatedItems : []
  const callsOf = (type: string) =>
    items.flatMap((item) =>
      isJsonObject(item) && item.type === type && isJsonObject(item.rawItem) ? [item.rawItem.callId] : [],
    )
  const done = new Set(callsOf('tool_call_output_item'))
  return callsOf('tool_call_item').filter((id): id is string => typeof id === 'string' && !done.has(id))
}
