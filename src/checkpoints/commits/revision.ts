/**
 * Revisions: text that names a checkpoint, with the syntax of gitrevisions(7), but inside one session, and with turns
 * instead of first parents.
 */
import { AmbiguousRevisionError, NotFoundError } from '../../errors.ts'
import { type BranchName, type CommitId, isObjectId, type TagName, trustedCommit } from '../../ids.ts'

/** `~n`: n turns back. `^n`: the n-th parent. `^0` and `~0`: the same checkpoint. */
export interface RevisionStep {
  kind: '~' | '^'
  n: number
}

export interface Revision {
  /** An id or its prefix, a branch, a tag, `HEAD`, `@`, or the empty text for the tip of the active branch. */
  base: string
  steps: readonly RevisionStep[]
}

/** What `resolveRevision` needs to look up in a session. */
export interface RevisionLookup {
  /** The tip of the branch; of the active one if none is given. */
  head(branch?: BranchName): Promise<CommitId | undefined>
  tag(name: TagName): Promise<CommitId | undefined>
  /** Whether this is a checkpoint of the session, that is, reachable from its branches or tags. */
  has(id: CommitId): Promise<boolean>
  /** The checkpoint that replaced a rewritten one. Absent if the session cannot have rewrites. */
  rewritten?(id: CommitId): Promise<CommitId | undefined>
  /** The session's checkpoints whose id starts with these 4 to 39 lower-case hex digits. */
  prefix(digits: string): Promise<readonly CommitId[]>
  parents(id: CommitId): Promise<readonly CommitId[]>
  /** The nearest first-parent ancestor that is not a step. */
  turnParent(id: CommitId): Promise<CommitId | undefined>
}

/**
 * Parses a revision such as `main~3^2`. Throws NotFoundError of kind `revision` if anything but `~`, `~<n>`, `^` and
 * `^<n>` follows the name, and TypeError if it is not a string.
 */
export function parseRevision(text: string, session?: string): Revision {
  if (typeof text !== 'string') throw new TypeError('A revision has to be a string')
  const start = text.search(/[~^]/)
  if (start === -1) return { base: text, steps: [] }
  const suffix = text.slice(start)
  if (!/^(?:[~^][0-9]*)+$/.test(suffix)) throw unknown(text, session)
  const steps = [...suffix.matchAll(/([~^])([0-9]*)/g)].map(([, kind, digits]) => ({
    kind: kind as '~' | '^',
    n: digits === '' ? 1 : Number(digits),
  }))
  return { base: text.slice(0, start), steps }
}

/**
 * Returns the checkpoint that the text names. Looks it up as full id, branch, tag, `HEAD` (also `@` and the empty text:
 * the tip of the active branch), then as unique prefix of at least 4 digits. Throws NotFoundError of kind `revision`,
 * or AmbiguousRevisionError.
 */
export async function resolveRevision(
  text: string,
  lookup: RevisionLookup,
  session?: string,
): Promise<CommitId> {
  const { base, steps } = parseRevision(text, session)
  let at = await resolveBase(base, lookup)
  for (const { kind, n } of steps) {
    if (at === undefined) break
    at = kind === '~' ? await turnsBack(at, n, lookup) : await nthParent(at, n, lookup)
  }
  if (at === undefined) throw unknown(text, session)
  return at
}

async function resolveBase(base: string, lookup: RevisionLookup): Promise<CommitId | undefined> {
  const digits = base.toLowerCase()
  if (isObjectId(digits)) {
    const id = trustedCommit(digits)
    return (await lookup.has(id)) ? id : lookup.rewritten?.(id)
  }
  const named =
    base === '' ? undefined : ((await lookup.head(base as BranchName)) ?? (await lookup.tag(base as TagName)))
  if (named !== undefined) return named
  if (base === '' || base === 'HEAD' || base === '@') return lookup.head()
  if (!/^[0-9a-f]{4,39}$/.test(digits)) return undefined
  const candidates = await lookup.prefix(digits)
  if (candidates.length > 1) throw new AmbiguousRevisionError(base, candidates)
  return candidates[0]
}

async function turnsBack(from: CommitId, n: number, lookup: RevisionLookup): Promise<CommitId | undefined> {
  let at: CommitId | undefined = from
  for (let i = 0; i < n && at !== undefined; i++) at = await lookup.turnParent(at)
  return at
}

async function nthParent(of: CommitId, n: number, lookup: RevisionLookup): Promise<CommitId | undefined> {
  return n === 0 ? of : (await lookup.parents(of))[n - 1]
}

const unknown = (text: string, session: string | undefined): NotFoundError =>
  new NotFoundError({ kind: 'revision', id: text, ...(session === undefined ? {} : { session }) })
