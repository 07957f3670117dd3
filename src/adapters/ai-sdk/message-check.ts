/** Validates messages at the door: required fields, and the schemas of the application. */
import type { FlexibleSchema, ToolSet } from 'ai'
import { InvalidStateError, type StateIssue } from '../../errors.ts'
import { beginning } from '../../excerpt.ts'
import { deepCopy, isJsonObject } from '../../json-value.ts'
import { isJson, toJson } from '../framework-json.ts'
import { MESSAGES } from './message-files.ts'
import { isSame, type StoredMessage } from './stored-message.ts'

/** The other options of `validateUIMessages`, with tools and schemas of any version of the AI SDK. */
export interface MessageSchemas {
  tools?: ToolSet | object
  metadataSchema?: FlexibleSchema<unknown> | object
  /** By the name of the part: `chart` for `data-chart`. */
  dataSchemas?: Record<string, FlexibleSchema<unknown> | object>
  /** The function of your `ai` package, if it is not version 6: other versions have other kinds of parts. */
  safeValidateUIMessages?: (
    // biome-ignore lint/suspicious/noExplicitAny: as each version has it
    options: any,
  ) => Promise<{ success: true } | { success: false; error: Error }>
}

/**
 * The messages as JSON; messages that are JSON already are not copied. Throws InvalidStateError, with a path for each
 * problem, for messages without a usable id, role or parts.
 *
 * @param known valid messages of a chat, such as the stored ones. A message that equals the known one of its number is
 *   not checked again, and the known one is returned for it
 */
export function checkMessages(
  given: unknown,
  known: readonly StoredMessage[] = [],
): readonly StoredMessage[] {
  if (!Array.isArray(given)) {
    throw new InvalidStateError([{ path: [MESSAGES], message: 'has to be an array of UI messages' }])
  }
  let same = 0
  while (same < known.length && same < given.length && isKnown(known[same], given[same])) same++
  const messages: unknown[] = known.slice(0, same)
  for (let index = same; index < given.length; index++) {
    const message: unknown = given[index]
    messages.push(isJson(message) ? message : toJson(message, [MESSAGES, index]))
  }
  const issues: StateIssue[] = []
  const seen = new Set<unknown>()
  for (let index = same; index < messages.length; index++) {
    const message: unknown = messages[index]
    if (!isJsonObject(message)) {
      issues.push({ path: [MESSAGES, index], message: 'has to be a plain object' })
      continue
    }
    const { id, role, parts } = message
    if (typeof id !== 'string' || id === '') issues.push(issue(index, 'id', NO_ID))
    else if (seen.has(id)) issues.push(again(index, id))
    else seen.add(id)
    if (typeof role !== 'string' || role === '') issues.push(issue(index, 'role', NO_ROLE))
    if (!Array.isArray(parts)) issues.push(issue(index, 'parts', 'has to be an array'))
  }
  for (let index = 0; index < same && seen.size > 0; index++) {
    const { id } = known[index]!
    if (seen.has(id))
      issues.push(
        again(
          given.findLastIndex((message) => message?.id === id),
          id,
        ),
      )
  }
  if (issues.length > 0) throw new InvalidStateError(issues)
  return messages as StoredMessage[]
}

function isKnown(known: unknown, given: unknown): boolean {
  try {
    return isSame(known, given)
  } catch {
    // A getter throws; `toJson` reports its path.
    return false
  }
}

const again = (index: number, id: string): StateIssue =>
  issue(index, 'id', `is '${id}' again, but ids have to be unique in a chat`)

const issue = (index: number, key: string, message: string): StateIssue => ({
  path: [MESSAGES, index, key],
  message,
})

const NO_ROLE = "has to be 'system', 'user' or 'assistant'"
const NO_ID =
  'is missing. The AI SDK gives answers an id if you pass generateMessageId to toUIMessageStreamResponse'

/**
 * Runs `validateUIMessages` on copies of messages. What it returns is dropped: messages are stored as they are given. A
 * message is valid as JSON or as it was given: a schema may use `z.date()` for a value that a tool has just returned.
 * Throws InvalidStateError with the error of the AI SDK as its cause.
 */
export async function checkSchemas(
  messages: readonly (readonly [number, StoredMessage])[],
  given: readonly unknown[],
  schemas: MessageSchemas,
): Promise<void> {
  const { safeValidateUIMessages: own, ...rest } = schemas
  if (own === undefined && Object.values(rest).every((schema) => schema === undefined)) return
  const validate: NonNullable<typeof own> = own ?? (await import('ai')).safeValidateUIMessages
  for (const [index, message] of messages) {
    const validated = (one: unknown) => validate({ ...rest, messages: [one] })
    const result = await validated(deepCopy(message))
    const isOther = !result.success && !isJson(given[index])
    if (!result.success && !(isOther && (await validated(given[index])).success)) {
      throw new InvalidStateError(issuesOf(result.error, index), undefined, { cause: result.error })
    }
  }
}

/** The problem, with its path from the list; the error's own text would repeat the whole value. */
function issuesOf(error: Error, index: number): StateIssue[] {
  const { cause, context } = error as { cause?: unknown; context?: { field?: unknown } }
  const { issues } = (cause ?? {}) as { issues?: unknown }
  // The validated list has one message, so the path begins with 0.
  const field = typeof context?.field === 'string' ? pathOf(context.field).slice(2) : undefined
  if (Array.isArray(issues) && issues.length > 0) {
    return issues.map(({ path, message }) => {
      const inside = Array.isArray(path) ? path.filter(isStep) : []
      const rest = field === undefined ? inside.slice(1) : [...field, ...inside]
      return { path: [MESSAGES, index, ...rest], message: String(message) }
    })
  }
  const text = cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : error.message
  return [{ path: [MESSAGES, index, ...(field ?? [])], message: beginning(text, 500) }]
}

/** `messages[0].parts[1].input` as `['messages', 0, 'parts', 1, 'input']`. */
const pathOf = (field: string): (string | number)[] =>
  [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? (key ?? '') : Number(index),
  )

const isStep = (step: unknown): step is string | number =>
  typeof step === 'string' || typeof step === 'number'
