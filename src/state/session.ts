/**
 * The state of a session, schema version 1: one JSON document. Unknown keys are allowed everywhere and kept. The
 * schemas only validate: a store saves the given value, never the output of `parse` (zod drops an own `__proto__` key
 * of a loose object).
 */
import { randomUUID } from 'node:crypto'
import * as z from 'zod'

/** The schema version this forkpoint writes. */
export const SCHEMA_VERSION = 1

const name = z.string().min(1, 'has to be a non-empty string')
const time = z.iso.datetime({
  offset: true,
  local: true,
  error: 'has to be ISO 8601 text such as 2025-01-31T12:00:00.000Z',
})
const count = z.number().min(0).optional()
const bag = z.record(z.string(), z.unknown())

/** Tokens that a model call or a whole session used. */
export const usageSchema = z.looseObject({
  inputTokens: count,
  outputTokens: count,
  totalTokens: count,
  reasoningTokens: count,
  cachedInputTokens: count,
})

/** One content part of the AI SDK's `ModelMessage`, of any type, with binary data as base64 text. */
export const partSchema = z.looseObject({ type: z.string() })

export const messageSchema = z.looseObject({
  /** Unique within the session. */
  id: name,
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  /** The message as plain text. */
  content: z.string(),
  parts: z.array(partSchema).optional(),
  createdAt: time,
  /** Id of the run that produced the message. */
  run: name.optional(),
  usage: usageSchema.optional(),
})

/** An event of a run. Its other keys depend on its type. */
export const eventSchema = z.looseObject({
  /** Increases within the run; numbers may be skipped, but not repeated. */
  sequence: z.int().min(0),
  at: time,
  type: name,
})

export const runSchema = z.looseObject({
  /** Unique within the session. */
  id: name,
  /** `running`, `completed`, `failed`, `cancelled`, `waiting`, `interrupted`, or a word of your own. */
  status: name,
  prompt: z.string(),
  startedAt: time,
  endedAt: time.optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
  usage: usageSchema.optional(),
  events: z.array(eventSchema).check((context) => {
    let last = -1
    for (const [index, event] of context.value.entries()) {
      if (event.sequence <= last) {
        context.issues.push({
          code: 'custom',
          input: event.sequence,
          path: [index, 'sequence'],
          message: `has to be greater than the ${last} before it`,
        })
      }
      last = event.sequence
    }
  }),
})

export const sessionSchema = z.looseObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  type: z.literal('session'),
  id: name,
  title: z.string().optional(),
  workspace: z.string().optional(),
  model: z.string().optional(),
  /** `idle`, `running`, or a word of your own. */
  status: name,
  createdAt: time,
  updatedAt: time,
  config: z.looseObject({
    systemPrompt: z.string().optional(),
    permissionPolicy: z.unknown().optional(),
    autoSave: z.union([z.boolean(), z.literal('step')], "has to be true, false or 'step'").optional(),
  }),
  usage: usageSchema,
  /** The session and checkpoint that this session was forked from. */
  parent: z.looseObject({ session: name, checkpoint: name }).optional(),
  metadata: bag,
  messages: z.array(messageSchema).check(uniqueIds),
  runs: z.array(runSchema).check(uniqueIds),
})

export type Usage = z.infer<typeof usageSchema>
export type MessagePart = z.infer<typeof partSchema>
export type Message = z.infer<typeof messageSchema>
export type RunEvent = z.infer<typeof eventSchema>
export type Run = z.infer<typeof runSchema>
export type Session = z.infer<typeof sessionSchema>
export type Role = Message['role']

/**
 * Makes a valid session without messages or runs. `fields` override its defaults.
 *
 * @param now milliseconds, for `createdAt` and `updatedAt`
 */
export function newSession(id: string, fields: Partial<Session> = {}, now: number = Date.now()): Session {
  const at = new Date(now).toISOString()
  return {
    schemaVersion: SCHEMA_VERSION,
    type: 'session',
    id,
    status: 'idle',
    createdAt: at,
    updatedAt: at,
    config: {},
    usage: {},
    metadata: {},
    messages: [],
    runs: [],
    ...fields,
  }
}

/**
 * Makes a message with a random id. `fields` override its defaults.
 *
 * @param now milliseconds, for `createdAt`
 */
export function newMessage(
  role: Role,
  content: string,
  fields: Partial<Message> = {},
  now: number = Date.now(),
): Message {
  return { id: randomUUID(), role, content, createdAt: new Date(now).toISOString(), ...fields }
}

/**
 * Makes a running run without events and with a random id. `fields` override its defaults.
 *
 * @param now milliseconds, for `startedAt`
 */
export function newRun(prompt: string, fields: Partial<Run> = {}, now: number = Date.now()): Run {
  return {
    id: randomUUID(),
    status: 'running',
    prompt,
    startedAt: new Date(now).toISOString(),
    events: [],
    ...fields,
  }
}

function uniqueIds(context: z.core.ParsePayload<{ id: string }[]>): void {
  const seen = new Map<string, number>()
  for (const [index, { id }] of context.value.entries()) {
    const first = seen.get(id)
    if (first === undefined) seen.set(id, index)
    else {
      context.issues.push({
        code: 'custom',
        input: id,
        path: [index, 'id'],
        message: `'${id}' is already the id of item ${first}`,
      })
    }
  }
}
