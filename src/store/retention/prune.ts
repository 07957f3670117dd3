import { emptyTrash } from '../../checkpoints/trash.ts'
import type { Repository } from '../../git/repository.ts'
import { type ObjectId, parseRef, parseSessionId, type RefName, type SessionId } from '../../ids.ts'
import { encodeName, isSameName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { ListedSession } from '../git/listing/known-session.ts'
import type { MaintainOptions } from '../session-store.ts'
import { Arrivals } from './arrivals.ts'
import { planRetention, type Removal, type RetentionPlan, type SessionFacts } from './plan.ts'
import { type ParsedPolicy, parsePolicy, type RetentionPolicy } from './policy.ts'
import type { Source } from './source.ts'
import { everySession } from './stats.ts'
import { usageOfSessions } from './usage.ts'

export interface PruneOptions {
  /** Only report what the policy would remove. */
  dryRun?: boolean
  onProgress?: MaintainOptions['onProgress']
}

export interface PruneReport extends RetentionPlan {
  /** Ids of the sessions that were removed. */
  removed: readonly string[]
  /** Ids of planned sessions that stay, because they changed while the plan was made. */
  changed: readonly string[]
  /** How many sessions were removed from the trash because their time was over; a purge frees their bytes. */
  forgotten: number
}

/**
 * Throws InvalidStateError for an invalid policy; CorruptError, LockedError, StorageError. After an error, sessions
 * that were already removed stay in the trash.
 */
export async function prune(
  source: Source,
  policy: RetentionPolicy,
  { dryRun = false, onProgress }: PruneOptions = {},
): Promise<PruneReport> {
  const parsed = parsePolicy(policy)
  const { repository, checkpoints, rules } = source
  const now = rules.now()
  const seen = new Map<string, ReadonlyMap<RefName, ObjectId>>()
  const facts: SessionFacts[] = []
  if (!(await checkpoints.openFinished())) return { ...planRetention(parsed, [], now), ...nothingDone }
  const arrivals = new Arrivals(repository)
  // Measuring reads the whole store, so it is done only if needed.
  const isMeasured = dryRun || parsed.rules.some(({ maxBytes }) => maxBytes !== Number.POSITIVE_INFINITY)
  const measuring = (done: number, total: number) => onProgress?.({ phase: 'measuring', done, total })
  const usage = isMeasured ? await usageOfSessions(checkpoints.history, measuring) : undefined
  const byPart = usage && new Map([...usage].map(([session, { bytes }]) => [encodeName(session), bytes.own]))
  // The refs are read first: what changes later stays, because its refs are no longer these.
  const heads = checkpoints.history.listHeads()
  const { refs, broken } = checkpoints.history.refsOfAll(heads)
  for await (const one of everySession(source, heads)) {
    const { id } = one.summary
    const session = parseSessionId(id)
    const part = encodeName(session)
    const own = refs.get(part) ?? new Map<RefName, ObjectId>()
    seen.set(id, own)
    facts.push(
      factsOf(one, {
        arrived: arrivals.of(session, now),
        tagged: [...own.keys()].some((ref) => ref.startsWith('refs/tags/')),
        bytes: byPart && (byPart.get(part) ?? 0),
        isBroken: broken.has(part),
      }),
    )
  }
  const plan = planRetention(parsed, facts, now)
  if (dryRun) return { ...plan, ...nothingDone }
  arrivals.keep([...seen.keys()] as SessionId[], now)
  return { ...plan, ...(await carryOut(source, parsed, { plan, seen, now, onProgress })) }
}

const nothingDone = { removed: [], changed: [], forgotten: 0 }

async function carryOut(
  { repository, checkpoints }: Source,
  { trash }: ParsedPolicy,
  {
    plan,
    seen,
    now,
    onProgress,
  }: {
    plan: RetentionPlan
    seen: ReadonlyMap<string, ReadonlyMap<RefName, ObjectId>>
    now: number
    onProgress: MaintainOptions['onProgress'] | undefined
  },
): Promise<Pick<PruneReport, 'removed' | 'changed' | 'forgotten'>> {
  const answers = new Map<string, boolean>()
  const slice = new TimeSlice()
  const { removals } = plan
  for (const some of groupsOf(repository, plan)) {
    // One change of an archive for all of them, rather than one for each.
    const [first, ...others] = some.flatMap(({ session }) =>
      checkpoints.history.isArchived(session as SessionId) ? (session as SessionId) : [],
    )
    if (first !== undefined && others.length > 0) await checkpoints.refs.unarchive(first, ...others)
    const remove = async ({ session }: Removal): Promise<void> => {
      const options = { discardedAt: now, expected: seen.get(session)! }
      answers.set(session, await checkpoints.refs.deleteSession(session as SessionId, options))
    }
    await Promise.all(some.map(remove))
    onProgress?.({ phase: 'removing', done: answers.size, total: removals.length })
    if (slice.isOver()) await slice.next()
  }
  const ids = (wasAsSeen: boolean): string[] =>
    removals.flatMap(({ session }) => (answers.get(session) === wasAsSeen ? session : []))
  return { removed: ids(true), changed: ids(false), forgotten: await emptyTrash(repository, now - trash) }
}

/**
 * Divides the removals into groups that run at the same time. The session of HEAD is the last one, alone: HEAD then
 * moves to a session that stays.
 */
function groupsOf({ refs }: Repository, { removals }: RetentionPlan): Removal[][] {
  const head = refs.readValue('HEAD')
  const target = head !== undefined && 'symbolic' in head ? parseRef(head.symbolic)?.session : undefined
  const isAtHead = ({ session }: Removal): boolean => target !== undefined && isSameName(target, session)
  const others = removals.filter((one) => !isAtHead(one))
  const groups: Removal[][] = []
  for (let from = 0; from < others.length; from += AT_ONCE) groups.push(others.slice(from, from + AT_ONCE))
  return [...groups, ...removals.filter(isAtHead).map((one) => [one])]
}

/** Changes that are ready at the same time share one sync of the disk, and one rewrite of packed refs. */
const AT_ONCE = 64

function factsOf(
  { summary: { id, type, title, updatedAt, problem }, workspace, keep = false }: ListedSession,
  { isBroken, ...known }: Pick<SessionFacts, 'arrived' | 'tagged' | 'bytes'> & { isBroken: boolean },
): SessionFacts {
  return {
    ...{ id, type, title, project: workspace, pinned: keep, damaged: isBroken || problem !== undefined },
    lastUse: Date.parse(updatedAt),
    ...known,
  }
}
