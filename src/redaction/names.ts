/** Names cannot be other ones than those that were given: one with a secret is refused. */

import { InvalidIdError } from '../errors.ts'
import { allKnown, onceKnown, type Redact } from './redact.ts'

/**
 * Throws InvalidIdError, at once or later, for a name that contains a secret. The error does not show it.
 *
 * @param names by what they name, such as `branch`; what is no text is passed over
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
