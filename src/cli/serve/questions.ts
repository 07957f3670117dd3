/** Questions of an agent to its client: permissions, and calls of the client's tools. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { jsonSchema, type ToolSet, tool } from 'ai'
import * as z from 'zod'
import type { OnPermission } from '../../agent/index.ts'
import { isJsonObject } from '../../json-value.ts'
import type { Connection, RequestId } from './connection.ts'
import { document } from './method.ts'
import { CODE, ProtocolError } from './wire-error.ts'

/** The request of the current turn, to which the questions of the turn belong. */
const turn = new AsyncLocalStorage<RequestId | undefined>()

/** Runs the work of a turn. Its questions carry the id of its request. */
export const inTurn = <T>(request: RequestId | undefined, work: () => T): T => turn.run(request, work)

/** A tool that the client runs. */
export const toolSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  /** JSON Schema of the tool's input, of type `object`. */
  inputSchema: document,
  needsApproval: z.boolean().optional(),
})

const decision = z.enum(['allow', 'deny', 'defer'])
const answerSchema = z.union([decision, z.strictObject({ decision, reason: z.string().optional() })])

/** Returns a function that asks the client. An invalid answer is an error, and the call is refused. */
export const permissionsOf =
  (client: Connection): OnPermission =>
  async ({ signal, ...question }) => {
    const answer = answerSchema.safeParse(
      await client.ask('permission', { request: turn.getStore() ?? null, ...question }, signal),
    )
    if (answer.success) return answer.data
    throw new ProtocolError(
      CODE.wrongParams,
      "The answer must be 'allow', 'deny', 'defer', or an object with one of these as its decision.",
    )
  }

/** Makes the client's tools for the agent. */
export function toolsOf(client: Connection, list: readonly z.infer<typeof toolSchema>[]): ToolSet {
  const entries = list.map(({ name, description, inputSchema, needsApproval }) => [
    name,
    tool({
      description,
      needsApproval,
      inputSchema: jsonSchema<unknown>(inputSchema, { validate: (value) => checked(value) }),
      execute: (input, { toolCallId: call, abortSignal }) =>
        client.ask('tool', { request: turn.getStore() ?? null, tool: name, call, input }, abortSignal),
    }),
  ])
  return Object.fromEntries(entries) as ToolSet
}

const checked = (value: unknown) =>
  isJsonObject(value)
    ? { success: true as const, value }
    : { success: false as const, error: new TypeError('The input of a tool has to be an object') }
