/** Sessions of one type are not written or read as another. */
import { InvalidStateError } from '../errors.ts'

/** The error for a session of another type than the store's. */
export function wrongType(session: string, actual: unknown, expected: string): InvalidStateError {
  const is = typeof actual === 'string' ? `'${actual}'` : String(actual)
  return new InvalidStateError(
    [{ path: ['type'], message: `is ${is}, but this store keeps '${expected}'` }],
    `Session '${session}' is of type ${is}, but this store keeps '${expected}'. Open it with a store (or the adapter) of type ${is}.`,
  )
}
