/**
 * Rewrites history to redact or thin it. Every checkpoint of the refs in scope that contains something to redact, or
 * stands on one that is left out, and all its descendants, are made again; earlier checkpoints keep their ids. All refs
 * move in one change, so a crash leaves the old history or the new one. The old objects stay on the disk until a purge.
 */
import { isDeepStrictEqual } from 'node:util'
import { InvalidIdError, NotFoundError } from '../../errors.ts'
import type { NewObject } from '../../git/objects/object.ts'
import { placeAhead } from '../../git/placed-ahead.ts'
import type { Repository } from '../../git/repository.ts'
import { changePurgeMark, PURGE_LOCK } from '../../git/upkeep/purge-mark.ts'
import {
  type CommitId,
  type LockName,
  type ObjectId,
  parseRef,
  type RefName,
  rewrittenRef,
  type SessionId,
} from '../../ids.ts'
import type { Redact } from '../../redaction/redact.ts'
import type { Checkpoints } from '../checkpoints.ts'
import { readRewrites } from '../tombstones/rewrites.ts'
import { Copies, type CopyRules } from './copies.ts'
import { RedactedFiles, type RedactPieces } from './redacted-files.ts'
import { type RewriteScope, refsInScope, type ScopedRef } from './scope.ts'
import { leftOutOf, type ThinRule } from './thinning.ts'
import { writeMap } from './written-map.ts'

export interface Rewrite extends CopyRules {
  /** `undefined`, with scope `all`: every session. */
  session: SessionId | undefined
  scope: RewriteScope
  /** Commits that no ref reaches, each with the ref that is to name its rewritten copy. */
  besides?: ReadonlyMap<RefName, CommitId> | undefined
  redact: Redact
  pieces: RedactPieces
  /** Which checkpoints of the session are left out. Default: none. */
  thin?: ThinRule | undefined
  /** Whether nothing is written. */
  isDry: boolean
  /** Bytes of new objects after which they are stored, ahead of the change. Default: 16 MiB. */
  mostHeld?: number
}

export interface Rewritten {
  /** Number of checkpoints that were checked. */
  checkpoints: number
  /** New ids by old ids; a dry run gives old ids in place of new ones. */
  ids: ReadonlyMap<CommitId, CommitId>
  /** How many of them were left out. */
  leftOut: number
  /** Refs that move, with their old values. */
  refs: ReadonlyMap<RefName, ObjectId>
}

/**
 * Rewrites the history. Throws NotFoundError if there is no such session, InvalidIdError if the name of a session,
 * branch or tag contains something to redact, ConflictError if others keep changing the refs; CorruptError,
 * LockedError, StorageError.
 */
export async function rewriteHistory(
  repository: Repository,
  checkpoints: Checkpoints,
  rewrite: Rewrite,
): Promise<Rewritten> {
  const { history } = checkpoints
  if (!(await checkpoints.openFinished()))
    throw new NotFoundError({ kind: 'session', id: rewrite.session ?? '' })
  if (rewrite.session !== undefined && !history.exists(rewrite.session))
    throw new NotFoundError({ kind: 'session', id: rewrite.session })
  const files = new RedactedFiles(history.objects, rewrite.redact, rewrite.pieces)
  // The slow part, done before any lock is taken; its results are kept.
  let survey = new Copies(history, files, rewrite, {
    rewrites: await readRewrites(history),
    leftOut: new Set(),
  })
  const look = async () => {
    const rewrites = await readRewrites(history)
    const besides = rewrite.besides ?? new Map<RefName, CommitId>()
    const found = await refsInScope(history, rewrite.session, rewrite.scope)
    const scoped = found.filter(({ ref }) => !besides.has(ref))
    for (const [ref, id] of besides) scoped.push({ ref, id, commit: id, tags: [] })
    const leftOut =
      rewrite.thin === undefined || rewrite.session === undefined
        ? survey.leftOut
        : await leftOutOf(history, rewrite.session, scoped, rewrite.thin)
    if (rewrites !== survey.rewrites || !isDeepStrictEqual(leftOut, survey.leftOut))
      survey = new Copies(history, files, rewrite, { rewrites, leftOut })
    const touched: ScopedRef[] = []
    for (const one of scoped) {
      await survey.of(one.commit)
      if (survey.ids.has(one.commit) || (await survey.hasOtherTag(one))) touched.push(one)
    }
    await checkNames(files, touched)
    return touched
  }
  let touched = await look()
  const report = (ids: ReadonlyMap<CommitId, CommitId>): Rewritten => ({
    checkpoints: survey.size,
    ids,
    leftOut: [...survey.leftOut].filter((id) => ids.has(id)).length,
    refs: new Map(touched.map(({ ref, id }) => [ref, id])),
  })
  const sessionsOf = () => sessionsIn(touched, rewrite.session)
  const session = sessionsOf()[0]
  if (rewrite.isDry || touched.length === 0 || session === undefined) return report(survey.ids)
  for (const one of sessionsOf()) if (history.isArchived(one)) await checkpoints.refs.unarchive(one)
  const releases: (() => void)[] = []
  /** Stores what was made so far, so that it need not be held in memory. No ref leads to it before the change. */
  const storeAhead = async (objects: readonly NewObject[]) =>
    void releases.push(await placeAhead(repository, objects))
  const change = checkpoints.write({
    session,
    anyType: true,
    replicates: false,
    onto: async () => {
      touched = await look()
      const maps = sessionsOf().map(rewrittenRef)
      const also: LockName[] = [...touched.map(({ ref }) => ref), ...maps, PURGE_LOCK]
      // The active branch may have been deleted on another machine.
      const active = history.active(session)
      const branches = history.branches(session)
      const branch = branches.has(active) ? active : branches.keys().next().value
      return { branch, also, starts: false }
    },
    decide: async (writing) => {
      // Makes others check an old checkpoint again before they set a ref to it.
      changePurgeMark(repository)
      const making = {
        writing,
        storeAhead: () => writing.storeAhead(rewrite.mostHeld ?? MOST_HELD, storeAhead),
      }
      const copies = new Copies(history, files, rewrite, survey, making)
      for (const { commit } of touched) await copies.of(commit)
      const targets = new Map<RefName, ObjectId>()
      for (const one of touched) targets.set(one.ref, await copies.target(one))
      const made = new Map([...copies.ids, ...copies.tags])
      for (const one of sessionsOf())
        await writeMap(history, writing, one, { made, again: copies.again, rewrites: survey.rewrites })
      const own = history.tip(writing.ref)
      if (own !== undefined) writing.move(writing.ref, own)
      for (const [ref, to] of targets) writing.move(ref, to)
      return report(copies.ids)
    },
  })
  return change.finally(() => {
    for (const release of releases) release()
  })
}

const MOST_HELD = 16 * 1024 * 1024

/** Returns the sessions of the refs, the requested one first. */
const sessionsIn = (refs: readonly ScopedRef[], first: SessionId | undefined): SessionId[] => [
  ...new Set([
    ...(first === undefined ? [] : [first]),
    ...refs.flatMap(({ ref }) => parseRef(ref)?.session ?? []),
  ]),
]

/** Throws InvalidIdError if a name contains something to redact, because a rewrite cannot change names. */
async function checkNames(files: RedactedFiles, refs: readonly ScopedRef[]): Promise<void> {
  for (const { ref } of refs) {
    const parsed = parseRef(ref)
    if (parsed === undefined) continue
    for (const [kind, name] of [
      ['session', parsed.session],
      [parsed.kind, parsed.name],
    ] as const) {
      if ((await files.text(name, [kind])) === name) continue
      const reason = 'it contains a secret: fork what it names under another name, and delete it'
      throw new InvalidIdError(kind, '[redacted]', reason)
    }
  }
}
