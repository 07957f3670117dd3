/** Fetches what others have saved: first objects, then the refs of each session, completely or not at all. */
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import { Graves } from '../checkpoints/tombstones/graves.ts'
import type { Rewrites } from '../checkpoints/tombstones/rewrites.ts'
import { joinTombstones } from '../checkpoints/tombstones/tombstone.ts'
import { StorageError } from '../errors.ts'
import type { NewObject } from '../git/objects/object.ts'
import type { Fetched, RemoteRefs } from '../git/wire/remote.ts'
import { ARCHIVE, activeRef, type CommitId, goneRef, type ObjectId, type SessionId } from '../ids.ts'
import { isOnlyArchivedThere, takeOverArchives } from './archives/shared-archives.ts'
import { type LocalMove, type LocalMoves, moveRefs, PURGED } from './local-moves.ts'
import { branchKey, gravesOf, type SessionFacts, sessionFacts } from './planning/facts.ts'
import { type FetchPlan, planFetch } from './planning/fetch-plan.ts'
import { parseKey } from './planning/names.ts'
import { nothingOf, type SharedSession, type SharedSessions } from './planning/shared-sessions.ts'
import type { FetchReport } from './report.ts'
import { bringRewrites, takeRewrites } from './rewrites/taken.ts'
import { each, type Only, type Sharing, sessionsWith } from './sharing.ts'
import { bringFolded, takeOverFolded } from './tombstones/shared-folds.ts'

/** What a fetch did, and the remote's refs as it found them. */
export interface FetchResult {
  report: FetchReport
  there: RemoteRefs
}

/** Fetches sessions. Throws RemoteError; CorruptError for wrong objects; LockedError, StorageError. */
export async function fetchSessions(sharing: Sharing, only?: Only, depth?: number): Promise<FetchResult> {
  const { checkpoints, remote, names, options } = sharing
  const { repository } = checkpoints.history
  await create(checkpoints)
  for (let round = 0; round < ROUNDS; round++) {
    const mark = checkpoints.mark()
    const there = await remote.refs(names.prefixes(only), options)
    const isAll = only === undefined && depth === undefined
    const report = emptyReport(names.remote)
    // Rewrites come first, so that rewritten checkpoints are not fetched.
    const news = await bringRewrites(sharing, there)
    const folded = await bringFolded(sharing, there)
    const archives = isAll ? [...there.refs].flatMap(([ref, id]) => (ref.startsWith(ARCHIVE) ? id : [])) : []
    let fetched: Fetched | undefined
    try {
      const sessions = await sessionsWith(sharing, there, only)
      fetched = await bring(sharing, sessions, { rewrites: news.rewrites, archives, depth })
      const moved = await takeRewrites(sharing, news, mark)
      let isPurged = moved === PURGED
      if (moved !== PURGED) report.rewritten.push(...moved)
      // New archives can be read only now, so the sessions are determined again.
      const isSame = fetched === undefined && folded === undefined && news.rewrites.isEmpty
      const now = isSame || isPurged ? sessions : await sessionsWith(sharing, there, only)
      if (!isPurged) await bringBackDeleted(sharing, now)
      await each(isPurged ? [] : now.values(), async (shared) => {
        if (isAll && isOnlyArchivedThere(shared)) return
        const plan = await settle(sharing, shared, there, mark)
        if (plan === PURGED) isPurged = true
        else note(report, plan)
      })
      if (!isPurged) isPurged = (await takeOverFolded(sharing, there, mark)) === PURGED
      if (!isPurged && isAll) await takeOverArchives(sharing, there, report)
      if (!isPurged) return { report: sorted(report), there }
    } finally {
      fetched?.release()
      folded?.release()
      news.release()
    }
  }
  throw new StorageError(
    'Other processes remove data from the store all the time, and what was fetched with it. Try again.',
    { file: repository.paths.root },
  )
}

/** Creates the repository, if there is none. */
export async function create(checkpoints: Checkpoints): Promise<void> {
  if (!(await checkpoints.openFinished())) await checkpoints.history.repository.create()
}

/** Fetches what the refs of these sessions name at the remote, unless it is stored here. */
export async function bring(
  { checkpoints, remote, options }: Sharing,
  sessions: SharedSessions,
  {
    rewrites,
    archives = [],
    depth,
  }: { rewrites: Rewrites; archives?: readonly ObjectId[]; depth?: number | undefined },
): Promise<Fetched | undefined> {
  const { history } = checkpoints
  const wants = new Set<ObjectId>()
  const haves = new Set<ObjectId>()
  for (const id of archives) if (!(await history.objects.has(id))) wants.add(id)
  const isNew = wants.size > 0
  for (const { refs, gone } of sessions.values()) {
    const before = wants.size
    // Tombstones are applied only if those of the remote are stored here.
    const isTold = gone.remote === undefined || (await history.objects.has(gone.remote))
    const graves = isTold ? await gravesOf(history, gone) : new Graves([])
    const alive = [...refs].flatMap(([key, { remote: id }]) =>
      id === undefined || graves.isKnownDead(key, id, gone.remote) || rewrites.has(id) ? [] : id,
    )
    for (const id of [...alive, gone.remote])
      if (id !== undefined && !wants.has(id) && !(await history.objects.has(id))) wants.add(id)
    if (wants.size === before && !isNew) continue
    for (const { local, seen } of [...refs.values(), gone])
      for (const id of [local, seen]) if (id !== undefined) haves.add(id)
  }
  if (wants.size === 0) return undefined
  const request = { wants: [...wants], haves: [...haves], ...(depth !== undefined && { depth }) }
  return remote.fetch(request, options)
}

/**
 * Brings archived sessions back that others have deleted, so that each archive changes once rather than for each of them.
 * They are deleted next.
 */
async function bringBackDeleted({ checkpoints }: Sharing, sessions: SharedSessions): Promise<void> {
  const found = [...sessions.values()].flatMap(({ session, archived, gone }) =>
    archived.local && gone.remote !== undefined && gone.remote !== gone.local ? session : [],
  )
  for (let at = 0; at < found.length; at += AT_ONCE) {
    const [first, ...others] = found.slice(at, at + AT_ONCE)
    if (others.length > 0) await checkpoints.refs.unarchive(first!, ...others)
  }
}

/** How many sessions come back in one change. */
const AT_ONCE = 256

/** Moves the refs of one session as a fetch requires. */
async function settle(
  sharing: Sharing,
  { session, refs, gone }: SharedSession,
  there: RemoteRefs,
  mark: string,
): Promise<FetchPlan | typeof PURGED> {
  const { checkpoints, writer } = sharing
  const { history } = checkpoints
  const isSame = [gone, ...refs.values()].every(
    ({ local, seen, remote }) =>
      seen === remote && (local === remote || (remote === undefined && gone.local === undefined)),
  )
  if (isSame) return planFetch([])
  return moveRefs(
    checkpoints,
    session,
    async () => {
      // Read again each time, because someone may have saved since.
      const now = (await sessionsWith(sharing, there, [session])).get(session) ?? nothingOf(session)
      const facts = await sessionFacts(history, now, writer)
      const plan = planFetch(facts.refs)
      const joined = await joinedGone(sharing, now, facts, there)
      const moves: LocalMove[] = [
        ...localMoves(plan, facts),
        ...seenMoves(sharing, plan, there),
        ...joined.moves,
      ]
      return { moves, objects: joined.objects, ...activeAfter(sharing, session, plan), result: plan }
    },
    mark,
  )
}

function localMoves({ local }: FetchPlan, { refs }: SessionFacts): LocalMove[] {
  const values = new Map(refs.map((fact) => [fact.key, fact.local]))
  return [...local].map(([key, to]) => ({ ref: `refs/${key}` as const, from: values.get(key), to }))
}

/** Returns the moves of last-seen refs. Refs that the remote has only in an archive are not recorded. */
function seenMoves({ checkpoints, names }: Sharing, { seen }: FetchPlan, there: RemoteRefs): LocalMove[] {
  return [...seen].map(([key, to]) => {
    const ref = names.seen(key)
    return { ref, from: checkpoints.history.tip(ref), to: there.refs.has(names.there(key)) ? to : undefined }
  })
}

/** Joins the tombstones of both sides. */
async function joinedGone(
  { checkpoints, names }: Sharing,
  { session, gone: { local, remote } }: SharedSession,
  { graves }: SessionFacts,
  there: RemoteRefs,
): Promise<{ moves: LocalMove[]; objects: readonly NewObject[] }> {
  const { history } = checkpoints
  const ref = goneRef(session)
  const seenRef = names.seen(ref.slice('refs/forkpoint/'.length))
  const [from, seen] = [history.tip(ref), history.tip(seenRef)]
  const own = there.refs.get(ref)
  const moves: LocalMove[] = seen === own ? [] : [{ ref: seenRef, from: seen, to: own }]
  if (remote === undefined || local === remote || (local && graves.below(local).has(remote)))
    return { moves, objects: [] }
  if (local === undefined || graves.below(remote).has(local))
    return { moves: [...moves, { ref, from, to: remote }], objects: [] }
  const objects = await joinTombstones(history, session, [local, remote])
  return { moves: [...moves, { ref, from, to: objects[0].id as CommitId }], objects }
}

/** Returns the active branch: the new name of our branch if that was renamed, `main` if it was deleted. */
function activeAfter(
  { checkpoints }: Sharing,
  session: SessionId,
  { diverged, local }: FetchPlan,
): Pick<LocalMoves<unknown>, 'active' | 'actives'> {
  const key = branchKey(session, checkpoints.history.active(session))
  const to = diverged.find(({ from }) => from === key)?.to
  if (to === undefined) return local.has(key) && local.get(key) === undefined ? { active: null } : {}
  const other = parseKey(to)!
  if (other.session === session) return { active: `refs/${to}` }
  if (other.name === 'main') return {}
  return { actives: [{ ref: activeRef(other.session), to: `refs/${to}` }] }
}

function note(report: FetchReport, plan: FetchPlan): void {
  report.updated.push(...plan.changed)
  report.diverged.push(...plan.diverged)
  report.deleted.push(...plan.deleted)
  report.kept.push(...plan.kept)
  report.hidden.push(...plan.hidden)
  report.outdated.push(...plan.outdated)
}

const emptyReport = (remote: string): FetchReport => ({
  remote,
  updated: [],
  diverged: [],
  deleted: [],
  kept: [],
  archived: [],
  unarchived: [],
  hidden: [],
  rewritten: [],
  outdated: [],
})

function sorted(report: FetchReport): FetchReport {
  const { updated, deleted, kept, hidden, rewritten, outdated, archived, unarchived } = report
  for (const list of [updated, deleted, kept, hidden, rewritten, outdated, archived, unarchived]) list.sort()
  report.diverged.sort((a, b) => (a.from < b.from ? -1 : 1))
  return report
}

/** Enough rounds, because purges during a fetch are rare. */
const ROUNDS = 3
