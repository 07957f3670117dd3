/** The parts of a method of `serve`. */
import * as z from 'zod'
import type { SignOptions } from '../../checkpoints/signing.ts'
import { isJsonObject } from '../../json-value.ts'
import type { Connection, RequestId } from './connection.ts'
import type { Things } from './things.ts'

/** What a method gets in addition to its parameters. */
export interface Scope {
  things: Things
  client: Connection
  /** How git stores sign checkpoints. */
  sign: SignOptions | undefined
  /** Id of the request; `undefined` for a notification. */
  request: RequestId | undefined
  /** Aborted by `$cancel`, and when the input ends. */
  signal: AbortSignal
}

export interface Method {
  run(params: Record<string, unknown>, scope: Scope): Promise<unknown>
}

/** Makes a method with the schema of its parameters. Unknown parameters are refused. */
export const method = <Shape extends z.ZodRawShape>(
  shape: Shape,
  run: (params: z.infer<z.ZodObject<Shape>>, scope: Scope) => unknown,
): Method => {
  const schema = z.strictObject(shape)
  return { run: async (params, scope) => run(schema.parse(params) as z.infer<z.ZodObject<Shape>>, scope) }
}

/** Any JSON object; not copied, so that keys such as `__proto__` are kept. */
export const document = z.custom<Record<string, unknown>>(isJsonObject, 'has to be an object')
export const thing = z.string().min(1)
export const name = z.string()
export const count = z.number().int().min(0)
/** Number of items of a page. */
export const pageSize = z.number().int().min(1).max(10_000).default(100)
export const author = z.strictObject({ name: z.string(), email: z.string() })
