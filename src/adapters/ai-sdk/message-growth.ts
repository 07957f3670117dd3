/** How a message that is handed over again relates to the one that is stored. Plain functions, values to values. */
import { deepEqual, isJsonObject, type JsonObject } from '../../json-value.ts'

/** A stored message: any JSON object with these. */
export interface StoredMessage {
  readonly id: string
  readonly role: string
  readonly parts: readonly unknown[]
  readonly [key: string]: unknown
}

/**
 * Whether `given` is `stored`, whole or with fields missing, as `validateUIMessages` returns it: that leaves out what
 * its schemas do not know, and shows calls of tools that are gone as `dynamic-tool`.
 */
export function isTrimmed(given: unknown, stored: unknown): boolean {
  if (Object.is(given, stored)) return true
  if (Array.isArray(given)) {
    if (!Array.isArray(stored) || given.length !== stored.length) return false
    return given.every((item, index) => isTrimmed(item, stored[index]))
  }
  if (!isJsonObject(given) || !isJsonObject(stored)) return false
  for (const key in given) {
    const value = given[key]
    if (value === undefined || !Object.hasOwn(given, key)) continue
    if (Object.hasOwn(stored, key) && isTrimmed(value, stored[key])) continue
    if (!CALL_KEYS.has(key) || !isSameCall(given, stored)) return false
  }
  return true
}

const CALL_KEYS = new Set(['type', 'toolName', 'dynamic'])

const isSameCall = ({ type, toolName, toolCallId }: JsonObject, stored: JsonObject): boolean =>
  type === 'dynamic-tool' && stored.toolCallId === toolCallId && stored.type === `tool-${toolName}`

/**
 * Whether `given` is the assistant's message `stored` as a tab has it that stopped reading: text that ends earlier,
 * parts that never came.
 */
export function isCut(given: StoredMessage, stored: StoredMessage): boolean {
  if (given.id !== stored.id || given.role !== 'assistant' || stored.role !== 'assistant') return false
  if (given.parts.length > stored.parts.length) return false
  return given.parts.every(
    (part, index) => isTrimmed(part, stored.parts[index]) || isStart(part, stored.parts[index]),
  )
}

const isStart = (part: unknown, stored: unknown): boolean =>
  isJsonObject(part) &&
  isJsonObject(stored) &&
  part.type === stored.type &&
  typeof part.text === 'string' &&
  typeof stored.text === 'string' &&
  stored.text.startsWith(part.text)

/**
 * Whether `after` is the assistant's message `before` gone on: text that got longer, calls that got an approval or a
 * result, further parts. Nothing that was final is another.
 */
export function isGrown(before: StoredMessage, after: StoredMessage): boolean {
  if (before.id !== after.id || before.role !== 'assistant' || after.role !== 'assistant') return false
  if (after.parts.length < before.parts.length) return false
  return before.parts.every((part, index) => isPartGrown(part, after.parts[index]))
}

function isPartGrown(before: unknown, after: unknown): boolean {
  if (isTrimmed(after, before) || isTrimmed(before, after)) return true
  if (!isJsonObject(before) || !isJsonObject(after) || before.type !== after.type) return false
  if (typeof before.text === 'string' && typeof after.text === 'string') {
    return before.state === 'done' ? after.text === before.text : after.text.startsWith(before.text)
  }
  if (typeof before.toolCallId === 'string') {
    return before.toolCallId === after.toolCallId && isCallGrown(before, after)
  }
  // A data part with an id is there to be replaced.
  return isData(before) && before.id !== undefined && deepEqual(before.id, after.id)
}

function isCallGrown(before: JsonObject, after: JsonObject): boolean {
  const [was, is] = [STATES.indexOf(String(before.state)), STATES.indexOf(String(after.state))]
  if (was === -1 || is === -1) return false
  // A tool that reports while it works has results that are not its last.
  if (before.preliminary === true || before.state === 'input-streaming') return is >= was
  return is > was && was < FINAL
}

const isData = ({ type }: JsonObject): boolean => typeof type === 'string' && type.startsWith('data-')

/** The states of a call of a tool in the order in which it goes through them. */
const STATES = [
  'input-streaming',
  'input-available',
  'approval-requested',
  'approval-responded',
  'output-available',
  'output-error',
  'output-denied',
]
const FINAL = STATES.indexOf('output-available')
