/**
 * Collects the facts for plans: how the refs of a session relate to those of a remote, and which of them are deleted.
 */
import type { History } from '../../checkpoints/commits/history.ts'
import { type Grave, Graves } from '../../checkpoints/tombstones/graves.ts'
import { type Rewrites, readRewrites } from '../../checkpoints/tombstones/rewrites.ts'
import { continuedBy, readTombstones } from '../../checkpoints/tombstones/tombstone.ts'
import { isAncestor } from '../../git/database/ancestry.ts'
import { peel } from '../../git/database/peel.ts'
import { type BranchName, branchRef, type CommitId, type ObjectId, type SessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import type { Fate, RefFacts, Relation } from './fetch-plan.ts'
import { parseKey, type RefKey, type RefKind } from './names.ts'
import type { SharedSession, Whereabouts } from './shared-sessions.ts'

/** The facts about a session's refs and tombstones. */
export interface SessionFacts {
  session: SessionId
  refs: RefFacts[]
  graves: Graves
  /** The ids that tombstones name, by key. */
  named: Map<RefKey, Set<ObjectId>>
}

/** @param writer the name of this machine in names of branches */
export async function sessionFacts(
  history: History,
  shared: SharedSession,
  writer: string,
): Promise<SessionFacts> {
  const { session, refs, gone } = shared
  const graves = await gravesOf(history, gone)
  const rewrites = await readRewrites(history)
  const cemetery = await cemeteryOf(history, { session, graves, gone }, rewrites)
  const facts: RefFacts[] = []
  const named = new Map<RefKey, Set<ObjectId>>()
  for (const [key, { local, seen, remote: there }] of refs) {
    const kind = parseKey(key)!.kind
    const mine = await standing(history, rewrites, session, local)
    const theirs = await standing(history, rewrites, session, there)
    const remote = theirs.isOld ? theirs.now : there
    const where = { local, seen, remote }
    // A rewrite makes a new object of an annotated tag, so the remote's tag is taken.
    const isTaken = kind === 'tag' && mine.now !== undefined && remote !== undefined
    const relation = isTaken ? 'behind' : await relationOf(history, kind, where)
    const isRemoteDead =
      there !== undefined &&
      ((await cemetery.holdsRemote(key, there)) ||
        (remote !== undefined && remote !== there && (await cemetery.holdsRemote(key, remote))))
    const fate = await cemetery.fateOf(key, where, isRemoteDead)
    const isShown = remote !== undefined && !isRemoteDead && (relation === 'same' || relation === 'ahead')
    const settled = fate !== 'dead' && isShown ? 'alive' : fate
    const isOutdated = mine.isOld && !isTaken
    const isRemoteOutdated = theirs.isOld && theirs.now === undefined
    const stands = { relation, fate: settled, isRemoteDead, isOutdated, isRemoteOutdated }
    facts.push({ key, kind, local, seen, remote, there, ...stands, aside: key })
    named.set(key, new Set(graves.of(key).map(({ id }) => id)))
  }
  await nameAsides(history, session, facts, writer)
  return { session, refs: facts, graves, named }
}

/** Returns what the tombstones of both sides say together, as far as they are stored here. */
export async function gravesOf(
  history: History,
  { local, remote }: Pick<Whereabouts<CommitId>, 'local' | 'remote'>,
): Promise<Graves> {
  const tips = [local, remote].filter((id) => id !== undefined)
  const known = await Promise.all(tips.map(async (id) => ((await history.objects.has(id)) ? id : undefined)))
  const read = await Promise.all(known.map((id) => readTombstones(history, id)))
  return new Graves([...new Map(read.flat().map((one) => [one.id, one])).values()])
}

/** Returns whether an object was rewritten or has a rewritten ancestor, and what replaces it. */
async function standing(
  history: History,
  rewrites: Rewrites,
  session: SessionId,
  id: ObjectId | undefined,
): Promise<{ isOld: boolean; now?: ObjectId | undefined }> {
  if (id === undefined || rewrites.isEmpty) return { isOld: false }
  if (rewrites.has(id)) return { isOld: true, now: await rewrites.now(id as CommitId, session) }
  const commit = await commitOf(history, id)
  if (commit === undefined || !(await rewrites.holds(commit))) return { isOld: false }
  return { isOld: true, now: commit === id ? undefined : await rewrites.now(commit, session) }
}

async function relationOf(
  history: History,
  kind: RefKind,
  { local, seen, remote }: Whereabouts,
): Promise<Relation | undefined> {
  if (local === undefined || remote === undefined) return undefined
  if (local === remote) return 'same'
  if (!(await history.objects.has(remote))) return undefined
  if (kind === 'tag') return 'diverged'
  const ahead = () => isBelow(history, remote, local)
  const behind = () => isBelow(history, local, remote)
  // A ref that has not moved here is probably behind, so that is checked first.
  if (local === seen) return (await behind()) ? 'behind' : (await ahead()) ? 'ahead' : 'diverged'
  return (await ahead()) ? 'ahead' : (await behind()) ? 'behind' : 'diverged'
}

/** Decides from tombstones about single values of refs. */
interface Cemetery {
  /**
   * Returns whether a value at the remote is deleted: it is named, is an ancestor of a named one, or the deletion was
   * not sent yet.
   */
  holdsRemote(key: RefKey, id: ObjectId): Promise<boolean>
  fateOf(key: RefKey, where: Whereabouts, isRemoteDead: boolean): Promise<Fate>
}

async function cemeteryOf(
  history: History,
  { session, graves, gone }: Pick<SessionFacts, 'session' | 'graves'> & { gone: Whereabouts<CommitId> },
  rewrites: Rewrites,
): Promise<Cemetery> {
  /** Replacements of named checkpoints that were rewritten, if stored here. */
  const successors = new Map<ObjectId, CommitId>()
  for (const id of rewrites.isEmpty ? [] : graves.ids()) {
    const now = await rewrites.now(id as CommitId, session)
    if (now !== undefined) successors.set(id, now)
  }
  const [here, there] = [gone.local, gone.remote].map((tip) =>
    tip === undefined ? new Set<CommitId>() : graves.below(tip),
  )

  /** Returns the deletions of a ref that apply to this value. */
  const gravesFor = async (key: RefKey, id: ObjectId): Promise<Grave[]> =>
    graves.of(key, await continued(history, id)).flatMap((grave) => {
      const now = successors.get(grave.id)
      return now === undefined ? [grave] : [grave, { ...grave, id: now }]
    })

  const holds = async (key: RefKey, id: ObjectId): Promise<boolean> => {
    const named = await gravesFor(key, id)
    const later = rewrites.later(id, session)
    if (named.some((grave) => grave.id === id || later.has(grave.id))) return true
    for (const at of [id, ...later])
      for (const grave of named) if (await isBelow(history, at, grave.id)) return true
    return false
  }

  return {
    async holdsRemote(key, id) {
      if (graves.isEmpty) return false
      return graves.deleting(key).some((tombstone) => !there!.has(tombstone)) || holds(key, id)
    },
    async fateOf(key, { local, seen, remote }, isRemoteDead) {
      if (local === undefined || graves.isEmpty) return 'alive'
      const named = await gravesFor(key, local)
      if (named.length === 0) return 'alive'
      if (await holds(key, local)) return 'dead'
      const isMissing = remote === undefined || isRemoteDead
      const isSeen = seen !== undefined && (local === seen || (await isBelow(history, local, seen)))
      if (isMissing && isSeen && named.some(({ tombstone }) => !here!.has(tombstone))) return 'dead'
      const stored = await Promise.all(named.map(({ id }) => history.objects.has(id)))
      for (const [n, { id }] of named.entries())
        if (stored[n] && (await isBelow(history, id, local))) return 'newer'
      if (stored.every((one) => one)) return 'alive'
      return seen !== undefined && isMissing ? 'newer' : 'unknown'
    },
  }
}

async function continued(history: History, id: ObjectId): Promise<Set<CommitId>> {
  const commit = await commitOf(history, id)
  return commit === undefined ? new Set() : continuedBy(history, commit)
}

/**
 * Returns whether `ancestor` is the same commit as `descendant` or one of its ancestors. Annotated tags stand for their
 * commits.
 */
export async function isBelow(history: History, ancestor: ObjectId, descendant: ObjectId): Promise<boolean> {
  const [above, below] = [await commitOf(history, descendant), await commitOf(history, ancestor)]
  if (above === undefined || below === undefined) return false
  return above === below || isAncestor(history.objects, below, above)
}

const commitOf = async ({ objects }: History, id: ObjectId): Promise<CommitId | undefined> =>
  (await peel(objects, id))?.commit

/**
 * Chooses the new names of diverged local refs, from the name of this machine and the first checkpoint that only it
 * has.
 */
async function nameAsides(
  history: History,
  session: SessionId,
  facts: RefFacts[],
  writer: string,
): Promise<void> {
  const apart = facts.filter(({ relation, isRemoteDead }) => relation === 'diverged' && !isRemoteDead)
  const first = apart[0]
  if (first === undefined) return
  const taken = (key: RefKey, id: ObjectId | undefined): boolean =>
    facts.some(
      (fact) => fact.key === key && [fact.local, fact.remote].some((at) => at !== undefined && at !== id),
    )
  if (facts.some(({ kind }) => kind === 'line')) {
    const suffix = `--${writer}-${(await ownBeginning(history, first)).slice(0, 8)}`
    const part = encodeName(`${session}${suffix}`)
    for (const fact of facts) fact.aside = fact.key.replace(/\/[^/]+\//, () => `/${part}/`)
    return
  }
  for (const fact of apart) {
    const own = await ownBeginning(history, fact)
    const endings = [own.slice(0, 8), fact.local!.slice(0, 8), fact.local!]
    const keys = endings.map((ending) => keyWith(fact.key, `--${writer}-${ending}`))
    fact.aside = keys.find((key) => !taken(key, fact.local)) ?? keys.at(-1)!
  }
}

/** Returns the first local checkpoint that the remote's ref does not reach. */
async function ownBeginning(history: History, { kind, local, remote }: RefFacts): Promise<ObjectId> {
  if (kind === 'tag') return local!
  const theirs = await history.reachable([remote as CommitId])
  let own = local as CommitId
  for await (const { id } of history.line(own)) {
    if (theirs.has(id)) break
    own = id
  }
  return own
}

function keyWith(key: RefKey, ending: string): RefKey {
  const { session, kind, name } = parseKey(key)!
  const long = `${name}${ending}`
  const part = kind === 'line' || kind === 'workspace' ? `_${encodeName(long)}` : encodeName(long)
  const folder = kind === 'tag' ? 'tags' : 'heads'
  return `${folder}/${encodeName(session)}/${part}`
}

/** Returns the key of a branch. */
export const branchKey = (session: SessionId, branch: BranchName): RefKey =>
  branchRef(session, branch).slice('refs/'.length)
