/** Merges a part of a message with the stored one, for each kind and state of parts. */
import { fromEntries, isJsonObject, type JsonObject } from '../../json-value.ts'
import { both, kept, type Merged, mergeFields, openOf, type Preferred, passed, taken } from './merge.ts'
import { CALL_KEYS, isDynamicFormOf, isSame, isTrimmed } from './stored-message.ts'

type MergedPart = Merged<unknown> | undefined

/** The merged part; `undefined` if they are not states of one part. */
function mergePart(stored: unknown, given: unknown, preferred: Preferred): MergedPart {
  if (!isJsonObject(stored) || !isJsonObject(given)) return isSame(stored, given) ? kept(stored) : undefined
  const part = isDynamicFormOf(given, stored) ? withTypeOf(stored, given) : given
  if (part.type !== stored.type) return undefined
  if (typeof stored.toolCallId === 'string') return mergeCall(stored, part, preferred)
  if (typeof stored.text === 'string') return mergeText(stored, part, preferred)
  if (String(stored.type).startsWith('data-')) return mergeData(stored, part, preferred)
  return mergeFields(stored, part, (key, a, b) =>
    key === 'providerMetadata' ? openOf(a, b, preferred) : undefined,
  )
}

/** Text and reasoning get longer, then are done; signatures arrive in between. */
function mergeText(stored: JsonObject, given: JsonObject, preferred: Preferred): MergedPart {
  const [before, text] = [String(stored.text), given.text]
  if (typeof text !== 'string') return undefined
  const isLonger = text.length > before.length
  if (isLonger ? !text.startsWith(before) || stored.state === 'done' : !before.startsWith(text))
    return undefined
  // The shorter one has nothing else that counts.
  if (text.length < before.length) return passed(stored)
  return mergeFields(stored, given, (key, a, b) => {
    if (key === 'text') return taken(b, true)
    if (key !== 'state') return openOf(a, b, preferred)
    return a === 'done' ? passed(a) : taken(b, true)
  })
}

/** A data part with an id is meant to be replaced; its content does not show which is later. */
const mergeData = (stored: JsonObject, given: JsonObject, preferred: Preferred): MergedPart =>
  isSame(stored.id, given.id)
    ? mergeFields(stored, given, (key, a, b) =>
        key !== 'data' || stored.id !== undefined ? openOf(a, b, preferred) : undefined,
      )
    : undefined

function mergeCall(stored: JsonObject, given: JsonObject, preferred: Preferred): MergedPart {
  if (stored.toolCallId !== given.toolCallId || !isSame(stored.toolName, given.toolName)) return undefined
  if (!isOneApproval(stored.approval, given.approval)) return undefined
  const [was, is] = [stageOf(stored), stageOf(given)]
  if (was === undefined || is === undefined) return isTrimmed(given, stored) ? kept(stored) : undefined
  if (is < was) return passed(stored)
  if (is > was) return taken(advanced(stored, given), !TAB_STATES.has(given.state))
  if (was === 0) return mergeInput(stored, given, preferred)
  return mergeFields(stored, given, (key, a, b) => {
    if (key === 'output' && was === PRELIMINARY) return openOf(a, b, preferred)
    if (key === 'approval') return isTrimmed(b, a) ? kept(a) : taken({ ...(a as object), ...(b as object) })
    if (FIXED.has(key)) return isTrimmed(b, a) ? kept(a) : undefined
    return openOf(a, b, preferred)
  })
}

/** The input of a call while it arrives, as text. */
function mergeInput(stored: JsonObject, given: JsonObject, preferred: Preferred): MergedPart {
  const [before, text] = [stored.rawInput ?? '', given.rawInput ?? '']
  if (typeof before !== 'string' || typeof text !== 'string') return undefined
  if (before === text) return mergeFields(stored, given, (_, a, b) => openOf(a, b, preferred))
  if (before.startsWith(text)) return passed(stored)
  return text.startsWith(before) ? taken(advanced(stored, given), true) : undefined
}

/** A call in a later state: fields of the earlier state are dropped, all others stay. */
function advanced(stored: JsonObject, given: JsonObject): JsonObject {
  const stays = Object.entries(stored).filter(
    ([key]) => given[key] === undefined && (!OF_STATE.has(key) || (key === 'input' && stageOf(stored) !== 0)),
  )
  const approval =
    isJsonObject(stored.approval) && isJsonObject(given.approval)
      ? { approval: { ...stored.approval, ...given.approval } }
      : {}
  // An invalid input is replaced.
  const lasting = given.rawInput === undefined ? stays : stays.filter(([key]) => key !== 'input')
  return {
    ...fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...fromEntries(lasting),
    ...approval,
  }
}

/** Whether both do not contradict each other. */
function isOneApproval(stored: unknown, given: unknown): boolean {
  if (!isJsonObject(stored) || !isJsonObject(given)) return true
  return ['id', 'approved', 'reason'].every(
    (key) => stored[key] === undefined || given[key] === undefined || stored[key] === given[key],
  )
}

/** The order of a call's state; `undefined` for an unknown state. */
function stageOf({ state, preliminary }: JsonObject): number | undefined {
  const stage = STAGES.findIndex((states) => states.includes(String(state)))
  if (stage === -1) return undefined
  return preliminary === true && state === 'output-available' ? PRELIMINARY : stage
}

const STAGES: readonly (readonly string[])[] = [
  ['input-streaming'],
  ['input-available'],
  ['approval-requested'],
  ['approval-responded'],
  [],
  ['output-available', 'output-error', 'output-denied'],
]
/** A tool may report preliminary results while it works. */
const PRELIMINARY = 4
/** States that a tab makes itself, by an approval or by the result of a client-side tool. */
const TAB_STATES = new Set<unknown>(['approval-responded', 'output-available', 'output-error'])
const FIXED = new Set(['state', 'input', 'output', 'errorText'])
/** Fields that a part has only in some states. */
const OF_STATE = new Set(['input', 'rawInput', 'inputEncoding', 'output', 'errorText', 'preliminary'])

function withTypeOf({ type }: JsonObject, given: JsonObject): JsonObject {
  return { type, ...fromEntries(Object.entries(given).filter(([key]) => !CALL_KEYS.has(key))) }
}

/** All parts; parts that only one side has come last. */
export function mergeParts(
  stored: readonly unknown[],
  given: readonly unknown[],
  preferred: Preferred,
): Merged<unknown[]> | undefined {
  let all: Merged<unknown> = kept(undefined)
  const parts: unknown[] = []
  for (let index = 0; index < Math.max(stored.length, given.length); index++) {
    const [before, part] = [stored[index], given[index]]
    const merged =
      index >= stored.length
        ? taken(part, true)
        : index >= given.length
          ? passed(before)
          : mergePart(before, part, preferred)
    if (merged === undefined) return undefined
    parts.push(merged.value)
    all = both(undefined, all, merged)
  }
  return { ...all, value: parts }
}
