/** Carries out a policy: what it removes goes to the trash, from which it can come back until that is emptied. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { emptyTrash } from '../../checkpoints/trash.ts'
import type { Repository } from '../../git/repository.ts'
import { type ObjectId, parseSessionId, type RefName, type SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { encodeName } from '../../ref-part.ts'
import { TimeSlice } from '../../time-slice.ts'
import type { DocumentRules } from '../document.ts'
import type { MaintainOptions, SessionSummary } from '../session-store.ts'
import { Arrivals } from './arrivals.ts'
import { planRetention, type RetentionPlan, type SessionFacts } from './plan.ts'
import { type ParsedPolicy, parsePolicy, type RetentionPolicy } from './policy.ts'
import { everySession, fieldsOf } from './stats.ts'
import { bytesOfSessions } from './usage.ts'

export interface PruneOptions {
  /** Only say what the policy would remove. */
  dryRun?: boolean
  onProgress?: MaintainOptions['onProgress']
}

export interface PruneReport extends RetentionPlan {
  /** Ids of the sessions that were removed. */
  removed: readonly string[]
  /** Ids of those that somebody saved to, or tagged, while the plan was made: they stay. */
  changed: readonly string[]
  /** How many sessions left the trash for good because their time was over; a purge frees their bytes. */
  forgotten: number
}

interface Source {
  repository: Repository
  checkpoints: Checkpoints
  rules: DocumentRules
}

/** Throws InvalidStateError for the policy; CorruptError, LockedError, StorageError: what was removed before stays in the trash. */
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
  // It walks over the whole store, which nobody does without need.
  const isMeasured = dryRun || parsed.rules.some(({ maxBytes }) => maxBytes !== Number.POSITIVE_INFINITY)
  const measuring = (done: number, total: number) => onProgress?.({ phase: 'measuring', done, total })
  const bytes = isMeasured ? await bytesOfSessions(checkpoints.history, measuring) : undefined
  const byPart = bytes && new Map([...bytes].map(([session, one]) => [encodeName(session), one.own]))
  for await (const one of everySession(source)) {
    const session = parseSessionId(one.id)
    const refs = checkpoints.refs.of(session)
    seen.set(one.id, refs)
    const tagged = [...refs.keys()].some((ref) => ref.startsWith('refs/tags/'))
    const own = byPart && (byPart.get(encodeName(session)) ?? 0)
    facts.push(
      factsOf(one, await fieldsOf(checkpoints, one), { arrived: arrivals.of(session, now), tagged, own }),
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
  const [removed, changed]: [string[], string[]] = [[], []]
  const slice = new TimeSlice()
  for (const { session } of plan.removals) {
    const wasAsSeen = await checkpoints.refs.deleteSession(session as SessionId, {
      discardedAt: now,
      expected: seen.get(session),
    })
    ;(wasAsSeen ? removed : changed).push(session)
    onProgress?.({ phase: 'removing', done: removed.length, total: plan.removals.length })
    if (slice.isOver()) await slice.next()
  }
  return { removed, changed, forgotten: await emptyTrash(repository, now - trash) }
}

function factsOf(
  { id, type, title, updatedAt, problem }: SessionSummary,
  { workspace, metadata }: JsonObject,
  { arrived, tagged, own }: { arrived: number; tagged: boolean; own: number | undefined },
): SessionFacts {
  return {
    id,
    type,
    title,
    project: typeof workspace === 'string' ? workspace : undefined,
    lastUse: Date.parse(updatedAt),
    arrived,
    pinned: ((metadata ?? {}) as { keep?: unknown }).keep === true,
    tagged,
    bytes: own,
    damaged: problem !== undefined,
  }
}
