/** Decides what a policy removes. A pure function, so that the plan can be shown before it is carried out. */
import { isInFolder } from '../../workspace/project/query.ts'
import type { ParsedPolicy, ParsedRule } from './policy.ts'

/** What a policy needs to know about a session. */
export interface SessionFacts {
  readonly id: string
  readonly type: string
  readonly title: string | undefined
  /** The folder that the session works on. */
  readonly project: string | undefined
  /** When it was last saved to, in milliseconds since 1970. */
  readonly lastUse: number
  /** When it came into this store, in milliseconds since 1970. */
  readonly arrived: number
  /** Whether its metadata says `keep: true`. */
  readonly pinned: boolean
  readonly tagged: boolean
  /** Bytes on the disk that no other session needs; `undefined`: not measured. */
  readonly bytes: number | undefined
  /** Whether it cannot be read; then the other values may be wrong. */
  readonly damaged: boolean
}

/** A session to remove, and the limit of its rule that it exceeds. */
export interface Removal {
  readonly session: string
  readonly title: string | undefined
  readonly why: 'age' | 'count' | 'bytes'
  readonly lastUse: number
  /** `undefined`: not measured. Only a dry run, or a policy with `maxBytes`, measures bytes. */
  readonly bytes: number | undefined
}

/** A session that exceeds a limit but stays, and what protects it. */
export interface Protection {
  readonly session: string
  readonly by: 'tag' | 'pin' | 'title' | 'minAge' | 'damage'
}

export interface RetentionPlan {
  /** Sessions to remove, oldest first. */
  readonly removals: readonly Removal[]
  readonly protections: readonly Protection[]
  /** How many sessions stay, including protected ones. */
  readonly kept: number
  /**
   * Bytes that a purge then frees at least; data shared only by removed sessions comes on top. `undefined`: not measured.
   */
  readonly frees: number | undefined
}

/** @param now milliseconds since 1970 */
export function planRetention(
  { rules }: ParsedPolicy,
  sessions: readonly SessionFacts[],
  now: number,
): RetentionPlan {
  const removals: Removal[] = []
  const protections: Protection[] = []
  for (const [rule, group] of groupsOf(rules, sessions)) {
    let count = 0
    let bytes = 0
    for (const one of group) {
      const why = overLimit(rule, one, { now, count, bytes })
      const by = why && protectionOf(rule, one, now)
      if (by !== undefined) protections.push({ session: one.id, by })
      if (why !== undefined && by === undefined) {
        const { id: session, title, lastUse } = one
        removals.push({ session, title, why, lastUse, bytes: one.bytes })
        continue
      }
      count++
      bytes += one.bytes ?? 0
    }
  }
  removals.sort((a, b) => a.lastUse - b.lastUse || (a.session < b.session ? -1 : 1))
  const isMeasured = removals.every(({ bytes }) => bytes !== undefined)
  const frees = isMeasured ? removals.reduce((sum, one) => sum + (one.bytes ?? 0), 0) : undefined
  return { removals, protections, kept: sessions.length - removals.length, frees }
}

/** Returns the sessions that each rule decides about, newest first. */
function groupsOf(
  rules: readonly ParsedRule[],
  sessions: readonly SessionFacts[],
): Map<ParsedRule, SessionFacts[]> {
  const groups = new Map<ParsedRule, SessionFacts[]>()
  for (const one of sessions) {
    const rule = rules.find((other) => fits(other, one))
    if (rule === undefined) continue
    const group = groups.get(rule)
    if (group === undefined) groups.set(rule, [one])
    else group.push(one)
  }
  for (const group of groups.values()) group.sort((a, b) => b.lastUse - a.lastUse || (a.id < b.id ? -1 : 1))
  return groups
}

/**
 * Whether a rule decides about a session. The type and project of a damaged session are unknown, so only a rule for all
 * sessions fits it.
 */
function fits({ type, project }: ParsedRule, one: SessionFacts): boolean {
  if (type !== undefined && type !== one.type) return false
  return project === undefined || isInFolder(one.project, project)
}

/** Returns the limit that the session exceeds, after the newer sessions that are kept. */
function overLimit(
  { maxAge, maxCount, maxBytes }: ParsedRule,
  { lastUse, bytes }: SessionFacts,
  newer: { now: number; count: number; bytes: number },
): Removal['why'] | undefined {
  if (newer.now - lastUse > maxAge) return 'age'
  if (newer.count >= maxCount) return 'count'
  return newer.bytes + (bytes ?? 0) > maxBytes ? 'bytes' : undefined
}

function protectionOf(
  { minAge, keepTitles }: ParsedRule,
  { damaged, tagged, pinned, title, arrived, lastUse }: SessionFacts,
  now: number,
): Protection['by'] | undefined {
  if (damaged) return 'damage'
  if (tagged) return 'tag'
  if (pinned) return 'pin'
  if (title !== undefined && keepTitles.some((pattern) => pattern.test(title))) return 'title'
  return now - Math.max(arrived, lastUse) < minAge ? 'minAge' : undefined
}
