/** Archives sessions that are no longer used: makes a plan, then carries it out. */
import { archiveSessions, whyNotArchivable } from '../../checkpoints/archiving/archive-sessions.ts'
import { NotFoundError } from '../../errors.ts'
import { type ObjectId, parseSessionId, type RefName, type SessionId } from '../../ids.ts'
import { TimeSlice } from '../../time-slice.ts'
import { KnownSessions } from '../git/listing/known-sessions.ts'
import { listSessions } from '../git/listing/list.ts'
import type { MaintainOptions } from '../session-store.ts'
import { type Duration, duration } from './policy.ts'
import type { Source } from './source.ts'

export interface ArchiveOptions {
  /** Archive only these sessions. Default: all. */
  sessions?: readonly string[] | undefined
  /** Archive only sessions that were last saved longer ago than this, such as `90d`. Required without `sessions`. */
  olderThan?: Duration | undefined
  /** Only report what would be archived. */
  dryRun?: boolean
  onProgress?: MaintainOptions['onProgress']
}

/** A session that was archived, or would be. */
export interface ArchivableSession {
  session: string
  title: string | undefined
  /** When it was last saved to, in milliseconds since 1970. */
  lastUse: number
  /** How many refs it has: branches, tags, lines. */
  refs: number
}

export interface ArchiveReport {
  /** The planned sessions, oldest first. */
  sessions: readonly ArchivableSession[]
  /** Sessions that cannot be archived: they cannot be read, or one of their tags does not name a checkpoint. */
  kept: readonly { session: string; why: 'damaged' | 'no commit' }[]
  /** Ids of the sessions that were archived. */
  archived: readonly string[]
  /** Ids of planned sessions that were not archived, because they changed while the plan was made. */
  changed: readonly string[]
  /** Refs of the archives that were made. */
  archives: readonly string[]
}

/** Throws what `GitSessionStore.archive` throws. */
export async function archive(source: Source, options: ArchiveOptions): Promise<ArchiveReport> {
  const { sessions, olderThan, dryRun = false, onProgress } = options
  if (sessions === undefined && olderThan === undefined)
    throw new TypeError("Say what is archived: 'sessions' or 'olderThan'.")
  const age = olderThan === undefined ? 0 : duration(olderThan, 'olderThan')
  const wanted = sessions && new Set<string>(sessions.map(parseSessionId))
  const { checkpoints, repository, rules } = source
  const nothing = { archived: [], changed: [], archives: [] }
  const plan: ArchivableSession[] = []
  const kept: { session: string; why: 'damaged' | 'no commit' }[] = []
  const seen = new Map<SessionId, ReadonlyMap<RefName, ObjectId>>()
  if (!(await checkpoints.openFinished())) {
    for (const id of wanted ?? []) throw new NotFoundError({ kind: 'session', id })
    return { sessions: plan, kept, ...nothing }
  }
  const slice = new TimeSlice()
  for await (const one of listSessions(
    checkpoints.history,
    {},
    rules,
    new KnownSessions(repository, rules),
  )) {
    if (wanted?.has(one.id) === false) continue
    wanted?.delete(one.id)
    const session = parseSessionId(one.id)
    const lastUse = Date.parse(one.updatedAt) || 0
    if (one.problem === undefined && rules.now() - lastUse < age) continue
    const refs = checkpoints.history.refsOf(session)
    const why = one.problem === undefined ? await whyNotArchivable(checkpoints, session) : 'damaged'
    if (slice.isOver()) await slice.next()
    if (why !== undefined) {
      kept.push({ session, why })
      continue
    }
    seen.set(session, refs)
    plan.push({ session, title: one.title, lastUse, refs: refs.size })
  }
  for (const id of wanted ?? [])
    if (!checkpoints.history.isArchived(id as SessionId)) throw new NotFoundError({ kind: 'session', id })
  plan.sort((a, b) => a.lastUse - b.lastUse || (a.session < b.session ? -1 : 1))
  if (dryRun || plan.length === 0) return { sessions: plan, kept, ...nothing }
  const report = (done: number) => onProgress?.({ phase: 'archiving', done, total: plan.length })
  return { sessions: plan, kept, ...(await archiveSessions(checkpoints, seen, report)) }
}
