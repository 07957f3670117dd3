/**
 * Decides which checkpoints a thinned history leaves out. The decision is a pure function of the commits, the refs and
 * the rule, so every machine with the same history decides the same.
 */
import { type CommitId, type ObjectId, parseRef, type SessionId } from '../../ids.ts'
import { isSameName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { CommitInfo, History } from '../commits/history.ts'
import { messageText, numberOf } from '../commits/message.ts'
import type { Said } from './redacted-message.ts'
import type { ScopedRef } from './scope.ts'

/** A checkpoint is left out only if all of this holds. */
export interface ThinRule {
  /** It is not among this many newest checkpoints of a branch. */
  keepLast: number
  /** It was made before this time, in milliseconds since 1970. */
  before: number
  /** Returns whether it may go, given the checkpoint on top of it. */
  mayGo: (one: CommitInfo, above: CommitInfo) => boolean | Promise<boolean>
}

/** The trailer of a checkpoint after a thinning: how many checkpoints were left out between it and its parents. */
export const THINNED = 'Thinned'

/** Commits of the session's branches that a rewrite leaves out. */
export type LeftOut = ReadonlySet<CommitId>

/**
 * Returns the checkpoints of the session that the rule leaves out. Never left out: the first checkpoint, what a ref
 * names (apart from last-seen refs of remotes), what several checkpoints or a fork stand on, forks, commits of other
 * tools, checkpoints of other sessions, an unfinished turn, and the end of a turn with a step that stays.
 */
export async function leftOutOf(
  history: History,
  session: SessionId,
  refs: readonly ScopedRef[],
  rule: ThinRule,
): Promise<LeftOut> {
  const old = await oldEnough(history, session, refs, rule)
  if (old.size === 0) return old
  const named = new Set<ObjectId>()
  for (const { ref, commit } of refs) if (!ref.startsWith(LAST_SEEN)) named.add(commit)
  const { above, oldestFirst } = await linesOf(history, refs, old)
  const left = new Set<CommitId>()
  /** For each commit of `old`, whether the nearest kept one, itself included, is a step. */
  const onStep = new Map<CommitId, boolean>()
  for (const id of oldestFirst) {
    const one = await history.info(id)
    const below = belowOf(one)
    const onTop = above.get(id) ?? []
    const next = onTop.length === 1 ? await history.info(onTop[0]!) : undefined
    const isStep = one.kind === 'step'
    const standsOnStep =
      below !== undefined && (onStep.get(below) ?? (await history.info(below)).kind === 'step')
    const stays =
      below === undefined ||
      next === undefined ||
      next.kind === 'fork' ||
      named.has(id) ||
      !isOwn(one, session) ||
      (!isStep && standsOnStep) ||
      !(await rule.mayGo(one, next))
    if (!stays) left.add(id)
    onStep.set(id, stays ? isStep : standsOnStep)
  }
  return left
}

/** Returns the checkpoint that a new one stands on: the step before, or the turn before. */
export const belowOf = ({ kind, parents }: CommitInfo): CommitId | undefined =>
  kind === 'foreign' ? parents[0] : parents.at(-1)

/**
 * Returns the message of a checkpoint without the checkpoints between it and its parents: the trailers `Messages` and
 * `Run` cover what those added, and `Thinned` counts them.
 */
export async function saidOf(history: History, old: CommitInfo, said: Said, left: LeftOut): Promise<Said> {
  const { trailers } = said.message
  if (trailers === undefined) return said
  const line = await between(history, belowOf(old), left, belowOf)
  // Those of a turn count from the turn before.
  const added =
    old.kind === 'step' ? line : await between(history, old.parents[0], left, (one) => one.parents[0])
  const all = new Map([...line, ...added].map((one) => [one.id, one]))
  const counts = [...all.values()].map((one) => 1 + thinnedOf(one.message.trailers))
  const changed = new Map(trailers)
  const messages = [...added.toReversed().map((one) => one.message.trailers), trailers]
    .map((one) => /^(\d+)\.\.(\d+)$/.exec(one?.get('Messages') ?? ''))
    .flatMap((match) => (match === null ? [] : { from: Number(match[1]), to: Number(match[2]) }))
  const last = messages.at(-1)
  const from = Math.min(...messages.map((one) => one.from))
  if (last !== undefined) changed.set('Messages', `${from}..${last.to}`)
  const run = [trailers, ...added.map((one) => one.message.trailers)].find((one) => one?.has('Run'))
  if (run !== undefined) changed.set('Run', run.get('Run') ?? '')
  changed.delete('Format')
  changed.set(THINNED, String(counts.reduce((sum, one) => sum + one, thinnedOf(trailers))))
  changed.set('Format', trailers.get('Format') ?? '1')
  const message = { ...said.message, trailers: changed }
  return { ...said, message, text: messageText(message), isOther: true }
}

const LAST_SEEN = 'refs/forkpoint/remote/'

const thinnedOf = (trailers: ReadonlyMap<string, string> | undefined): number =>
  numberOf(trailers?.get(THINNED)) ?? 0

const isOwn = (one: CommitInfo, session: SessionId): boolean =>
  one.kind !== 'fork' && one.session !== undefined && isSameName(one.session, session)

/** Returns the commits of the session's branches that the count and the age of the rule do not keep. */
async function oldEnough(
  history: History,
  session: SessionId,
  refs: readonly ScopedRef[],
  { keepLast, before }: ThinRule,
): Promise<Set<CommitId>> {
  const old = new Set<CommitId>()
  const kept = new Set<CommitId>()
  const slice = new TimeSlice()
  for (const { ref, commit } of refs) {
    const parsed = parseRef(ref)
    if (parsed?.kind !== 'branch' || !isSameName(parsed.session, session)) continue
    let number = 0
    let isUnfinished = true
    for await (const one of history.line(commit)) {
      if (one.kind !== 'step') isUnfinished = false
      const stays = number++ < keepLast || isUnfinished || one.time >= before
      // Another branch has decided about all that is below, and only the age counts there.
      if (old.has(one.id) && !stays) break
      if (stays) kept.add(one.id)
      else old.add(one.id)
      if (slice.isOver()) await slice.next()
    }
  }
  for (const id of kept) old.delete(id)
  return old
}

/** Returns which commits stand on those of `old`, and those of `old` with the oldest first. */
async function linesOf(
  history: History,
  refs: readonly ScopedRef[],
  old: ReadonlySet<CommitId>,
): Promise<{ above: Map<CommitId, CommitId[]>; oldestFirst: CommitId[] }> {
  const above = new Map<CommitId, CommitId[]>()
  for (const id of await history.reachable(refs.map(({ commit }) => commit))) {
    const one = await history.info(id)
    const below = one.kind === 'foreign' ? one.parents : one.parents.slice(-1)
    for (const parent of below) if (old.has(parent)) above.set(parent, [...(above.get(parent) ?? []), one.id])
  }
  const oldestFirst: CommitId[] = []
  const seen = new Set<CommitId>()
  for (const start of old) {
    const path: CommitId[] = []
    for (let at: CommitId | undefined = start; at !== undefined && old.has(at) && !seen.has(at); ) {
      seen.add(at)
      path.push(at)
      at = belowOf(await history.info(at))
    }
    oldestFirst.push(...path.reverse())
  }
  return { above, oldestFirst }
}

/** Returns the commits that are left out from here down to the next kept one, newest first. */
async function between(
  history: History,
  from: CommitId | undefined,
  left: LeftOut,
  next: (one: CommitInfo) => CommitId | undefined,
): Promise<CommitInfo[]> {
  const found: CommitInfo[] = []
  for (let at = from; at !== undefined && left.has(at); ) {
    const one = await history.info(at)
    found.push(one)
    at = next(one)
  }
  return found
}
