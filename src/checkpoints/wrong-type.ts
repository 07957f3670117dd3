/** The error for sessions of another type. */
import { InvalidStateError } from '../errors.ts'

/** Makes the error for a session whose type is not the store's. */
export function wrongType(session: string, actual: unknown, expected: string): InvalidStateError {
  const is = typeof actual === 'string' ? `'${actual}'` : String(actual)
  return new InvalidStateError(
    [{ path: ['type'], message: `is ${is}, but this store keeps '${expected}'` }],
    `Session '${session}' is of type ${is}, but this store keeps '${expected}'. Open it with a store (or the adapter) of type ${is}.`,
  )
}
