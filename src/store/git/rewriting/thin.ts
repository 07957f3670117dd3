/** Thins a session: leaves old checkpoints out of its history, and purges them. */
import type { Checkpoints } from '../../../checkpoints/checkpoints.ts'
import type { CommitInfo } from '../../../checkpoints/commits/history.ts'
import type { ThinRule } from '../../../checkpoints/rewriting/thinning.ts'
import { InvalidStateError } from '../../../errors.ts'
import { asBuffer } from '../../../git/objects/object.ts'
import { findEntry } from '../../../git/objects/tree.ts'
import type { Repository } from '../../../git/repository.ts'
import type { ObjectId, SessionId } from '../../../ids.ts'
import { type Duration, duration } from '../../retention/policy.ts'
import { type RewriteOptions, type RewriteReport, rewriteForStore } from './rewrite.ts'

/** Which checkpoints are left out: those for which every given option says so. At least one has to be given. */
export interface ThinOptions extends Pick<RewriteOptions, 'dryRun' | 'onProgress'> {
  /** Keep this number of checkpoints of each branch, the newest. */
  keepLast?: number | undefined
  /**
   * Leave out only checkpoints that were made longer ago than this, such as `30d`, or before this time. Give a time so
   * that several machines leave out the same ones.
   */
  olderThan?: Duration | Date | undefined
  /** Leave out only what is inside a turn: steps, and checkpoints that LangGraph makes between two inputs. */
  insideTurnsOnly?: boolean | undefined
}

export interface ThinReport extends RewriteReport {
  /** How many checkpoints were left out; in a dry run, how many would be. */
  thinned: number
}

/** Throws what `GitSessionStore.thin` throws. */
export async function thinStore(
  repository: Repository,
  checkpoints: Checkpoints,
  session: SessionId,
  options: ThinOptions,
  now: number,
): Promise<ThinReport> {
  const { keepLast, olderThan, insideTurnsOnly = false, dryRun, onProgress } = options
  if (keepLast === undefined && olderThan === undefined && !insideTurnsOnly)
    throw new TypeError("Say what is left out: 'keepLast', 'olderThan' or 'insideTurnsOnly'.")
  if (keepLast !== undefined && !(Number.isSafeInteger(keepLast) && keepLast >= 0))
    throw wrong('keepLast', 'has to be a whole number of checkpoints')
  const { objects } = repository
  const known = new Map<ObjectId, boolean>()
  /** LangGraph computes values of channels that keep only changes from the checkpoints below. */
  const isNeeded = async (tree: ObjectId): Promise<boolean> => {
    const head = findEntry(await objects.readTree(tree), HEAD)
    if (head === undefined) return false
    const before = known.get(head.id)
    if (before !== undefined) return before
    const found = asBuffer((await objects.read(head.id)).data).includes(DELTAS)
    known.set(head.id, found)
    return found
  }
  const thin: ThinRule = {
    keepLast: keepLast ?? 0,
    before: olderThan === undefined ? Number.POSITIVE_INFINITY : timeOf(olderThan, now),
    mayGo: async (one, above) =>
      (!insideTurnsOnly || isInsideTurn(one, above)) &&
      !(await isNeeded(one.tree)) &&
      !(await isNeeded(above.tree)),
  }
  const how = { ...(dryRun !== undefined && { dryRun }), ...(onProgress && { onProgress }) }
  const same = (value: unknown) => value
  const { report, leftOut } = await rewriteForStore(repository, checkpoints, session, same, how, { thin })
  return { ...report, thinned: leftOut }
}

/** The file with LangGraph's metadata, and what it has there for such channels. */
const HEAD = 'session.json'
const DELTAS = '"counters_since_delta_snapshot"'

function timeOf(olderThan: Duration | Date, now: number): number {
  if (!(olderThan instanceof Date)) return now - duration(olderThan, 'olderThan')
  if (Number.isNaN(olderThan.getTime())) throw wrong('olderThan', 'is not a valid time')
  return olderThan.getTime()
}

/** Returns whether a checkpoint does not end a turn. */
const isInsideTurn = (one: CommitInfo, above: CommitInfo): boolean =>
  one.kind === 'step' || (isOfLoop(one, true) && isOfLoop(above, false))

/** Returns whether LangGraph made a checkpoint in its loop, or, if so asked, for an input. */
function isOfLoop({ type, message }: CommitInfo, orInput: boolean): boolean {
  const source = type === 'langgraph' ? message.trailers?.get('Source') : undefined
  return source === 'loop' || (orInput && source === 'input')
}

const wrong = (option: string, message: string): InvalidStateError =>
  new InvalidStateError([{ path: [option], message }], `The option '${option}' ${message}.`)
