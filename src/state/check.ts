/** Validates values from outside. Returns what is wrong as a list of issues with paths. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { StateIssue } from '../errors.ts'
import { messageSchema, runSchema, sessionSchema } from './session.ts'

/** Path from the document to a value. */
export type StatePath = readonly (string | number)[]

/** Returns what is wrong with a session; empty if it is valid. */
export const checkSession = (value: unknown): StateIssue[] => checkNow(sessionSchema, value, [])

/** Returns what is wrong with a message; paths start with `at`, such as `['messages', 12]`. */
export const checkMessage = (value: unknown, at: StatePath = []): StateIssue[] =>
  checkNow(messageSchema, value, at)

/** Returns what is wrong with a run; paths start with `at`. */
export const checkRun = (value: unknown, at: StatePath = []): StateIssue[] => checkNow(runSchema, value, at)

/**
 * Returns what is wrong with a value by any Standard Schema (zod, valibot, arktype …); empty if it is valid. Returns a
 * promise if the schema validates asynchronously. The output of the schema is ignored.
 */
export function checkDocument(
  schema: StandardSchemaV1,
  value: unknown,
  at: StatePath = [],
): StateIssue[] | Promise<StateIssue[]> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then((done) => issuesOf(done, at)) : issuesOf(result, at)
}

function checkNow(schema: StandardSchemaV1, value: unknown, at: StatePath): StateIssue[] {
  return checkDocument(schema, value, at) as StateIssue[]
}

function issuesOf(result: StandardSchemaV1.Result<unknown>, at: StatePath): StateIssue[] {
  return (result.issues ?? []).map(({ message, path }) => ({
    path: [...at, ...(path ?? []).map(step)],
    message,
  }))
}

function step(part: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof part === 'object' ? part.key : part
  return typeof key === 'symbol' ? String(key) : key
}
