/** Redacts the texts that callers give for a write. Names cannot be changed, so a name with a secret is refused. */

import { refuseSecrets } from '../../redaction/names.ts'
import { allKnown, isPromise, onceKnown, type Redact, redactValue, snapshot } from '../../redaction/redact.ts'
import type { Author, ForkOptions, WriteOptions } from '../session-store.ts'
import { type ForkRequest, parseForkOptions } from './call-options.ts'
import { parseWriteOptions, type WriteRequest } from './write-options.ts'

const SAID = ['subject', 'body', 'trailers', 'author'] as const

/** Names that a call gives, by the name of the option. */
type Names = Readonly<Partial<Record<'branch' | 'tag' | 'key' | 'session', unknown>>>

interface SaidRules {
  /** Author of checkpoints without an author of their own. */
  readonly author: Author | undefined
  readonly redact: Redact | undefined
}

/**
 * Returns the options of a write, parsed and redacted, or a promise of them. Redacted values are copied before this
 * returns.
 */
export function parseWrite(
  options: WriteOptions | undefined,
  { author, redact }: SaidRules,
): WriteRequest | Promise<WriteRequest> {
  const write = parseWriteOptions(options)
  if (redact === undefined) return write
  const { branch, tag, key } = write
  const kept = redactSaid(
    { ...options, author: write.author ?? author } as WriteOptions,
    { branch, tag, key },
    redact,
  )
  const parsed = onceKnown(kept, parseWriteOptions) as WriteRequest | Promise<WriteRequest>
  // The caller awaits the promise and gets the error.
  if (isPromise(parsed)) parsed.then(undefined, () => undefined)
  return parsed
}

/** Returns the options of a fork, parsed and redacted, or a promise of them. */
export function parseFork(
  options: ForkOptions,
  { author, redact }: SaidRules,
): ForkRequest | Promise<ForkRequest> {
  const fork = parseForkOptions(options)
  if (redact === undefined) return fork
  const { branch, session } = fork
  return redactSaid({ ...fork, author: fork.author ?? author }, { branch, session }, redact)
}

/**
 * Returns the options with their texts redacted, or a promise of them.
 *
 * @param names the options that are names
 * @throws InvalidIdError, which does not show the name, if a name contains a secret
 */
export function redactSaid<T extends object>(options: T, names: Names, redact: Redact): T | Promise<T> {
  const given = options as Readonly<Record<string, unknown>>
  const said = SAID.filter((name) => given[name] !== undefined)
  const kept = said.map((name) => redactValue(snapshot(given[name]), redact, [name]))
  const texts = onceKnown(allKnown(kept), (values) => ({
    ...options,
    ...Object.fromEntries(said.map((name, index) => [name, values[index]])),
  }))
  return onceKnown(refuseSecrets(names, redact), () => texts) as T | Promise<T>
}
