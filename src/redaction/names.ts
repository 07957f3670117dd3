/** Refuses names that contain a secret, because a name cannot be replaced by a redacted one. */

import { InvalidIdError } from '../errors.ts'
import { allKnown, onceKnown, type Redact } from './redact.ts'

/**
 * Throws InvalidIdError for a name that contains a secret, or returns a promise that rejects if `redact` is
 * asynchronous. The error does not show the name.
 *
 * @param names by what they name, such as `branch`; values that are not strings are skipped
 */
export function refuseSecrets(names: Readonly<Record<string, unknown>>, redact: Redact | undefined): unknown {
  if (redact === undefined) return undefined
  const given = Object.entries(names).flatMap(([kind, name]) =>
    (Array.isArray(name) ? name : [name]).flatMap((one) =>
      typeof one === 'string' ? [{ kind, name: one }] : [],
    ),
  )
  return onceKnown(allKnown(given.map(({ kind, name }) => redact(name, [kind]))), (kept) => {
    const refused = given.find(({ name }, index) => kept[index] !== name)
    if (refused !== undefined) throw new InvalidIdError(refused.kind, '[redacted]', 'it contains a secret')
  })
}
