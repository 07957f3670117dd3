/** What a policy removes: a pure function of what the sessions are, so that it can be shown before it is done. */
import { isInFolder } from '../../workspace/project/query.ts'
import type { ParsedPolicy, ParsedRule } from './policy.ts'

/** What a policy has to know of a session. */
export interface SessionFacts {
  readonly id: string
  readonly type: string
  readonly title: string | undefined
  /** The folder it works on. */
  readonly project: string | undefined
  /** When it was last saved to, in milliseconds since 1970. */
  readonly lastUse: number
  /** When it came into this store. */
  readonly arrived: number
  /** Whether its metadata says `keep: true`. */
  readonly pinned: boolean
  readonly tagged: boolean
  /** Bytes on the disk that no other session needs; `undefined`: nobody measured them. */
  readonly bytes: number | undefined
  /** Whether it cannot be read: then nothing is known of it for sure. */
  readonly damaged: boolean
}

/** A session that goes, and which limit of its rule it is over. */
export interface Removal {
  readonly session: string
  readonly title: string | undefined
  readonly why: 'age' | 'count' | 'bytes'
  readonly lastUse: number
  /** `undefined` where nobody had to know: only a dry run, and a rule with `maxBytes`, measure them. */
  readonly bytes: number | undefined
}

/** A session over a limit that stays, and what protects it. */
export interface Protection {
  readonly session: string
  readonly by: 'tag' | 'pin' | 'title' | 'minAge' | 'damage'
}

export interface RetentionPlan {
  /** The oldest first. */
  readonly removals: readonly Removal[]
  readonly protections: readonly Protection[]
  /** How many sessions stay, protected ones among them. */
  readonly kept: number
  /**
   * Bytes that a purge then frees, at least: what only removed sessions share is freed as well. `undefined` where nobody
   * measured them.
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

/** The sessions that each rule decides about, the newest first. */
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

/** Of a damaged session the type and the project are not known: no rule for some sessions decides about it. */
function fits({ type, project }: ParsedRule, one: SessionFacts): boolean {
  if (type !== undefined && type !== one.type) return false
  return project === undefined || isInFolder(one.project, project)
}

/** Which limit the session is over, where so much is kept already that is newer. */
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
