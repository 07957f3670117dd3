/** Takes over rewrites of other machines: local refs move to the rewritten checkpoints; refs that cannot move stay. */
import type { History } from '../../checkpoints/commits/history.ts'
import type { RewrittenIds } from '../../checkpoints/commits/rewritten.ts'
import { joinRewrites } from '../../checkpoints/tombstones/joined-rewrites.ts'
import { type Rewrites, readRewrites, sessionOfRewrite } from '../../checkpoints/tombstones/rewrites.ts'
import type { NewObject } from '../../git/objects/object.ts'
import type { RemoteRefs } from '../../git/wire/remote.ts'
import { type CommitId, LAST_SEEN, parseRef, type RefName, rewrittenRef, type SessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { type LocalMove, moveRefs, type PURGED } from '../local-moves.ts'
import { parseKey, type RefKey } from '../planning/names.ts'
import type { Sharing } from '../sharing.ts'

/** New rewrites of a remote, fetched but not taken over yet. */
export interface NewRewrites {
  tips: ReadonlyMap<SessionId, CommitId>
  /** All rewrites that are known after taking them over. */
  rewrites: Rewrites
  /** Call this when the rewrites were taken over or are no longer needed. */
  release(): void
}

/** Returns the sessions that were rewritten elsewhere since the remote was last seen, with the newest map of each. */
export function newRewrites({ checkpoints, names }: Sharing, there: RemoteRefs): Map<SessionId, CommitId> {
  const { history } = checkpoints
  const tips = new Map<SessionId, CommitId>()
  for (const [ref, id] of there.refs) {
    const session = sessionOfRewrite(ref)
    if (session === undefined) continue
    const isSeen = history.tip(seenRef(names, session)) === id
    if (!isSeen || history.tip(rewrittenRef(session)) === undefined) tips.set(session, id as CommitId)
  }
  return tips
}

/** Fetches new maps of rewrites, before the rewritten sessions are fetched. Throws what `Remote.fetch` throws. */
export async function bringRewrites(sharing: Sharing, there: RemoteRefs): Promise<NewRewrites> {
  const { checkpoints, remote, options } = sharing
  const { history } = checkpoints
  const tips = newRewrites(sharing, there)
  const wants: CommitId[] = []
  for (const id of tips.values()) if (!(await history.objects.has(id))) wants.push(id)
  const haves = [...tips.keys()].flatMap((session) => history.tip(rewrittenRef(session)) ?? [])
  const fetched = wants.length === 0 ? undefined : await remote.fetch({ wants, haves }, options)
  const release = () => fetched?.release()
  try {
    const joined = await joinedWith(history, tips)
    return { tips, rewrites: joined.rewrites, release }
  } catch (error) {
    release()
    throw error
  }
}

/**
 * Records the rewrites and moves every ref at a rewritten checkpoint to its replacement, if that is stored here, in one
 * change. Returns the branches, lines and tags that moved.
 *
 * @param mark the result of `Checkpoints.mark` from before anything was fetched
 */
export async function takeRewrites(
  { checkpoints, names }: Sharing,
  { tips, rewrites }: NewRewrites,
  mark: string,
): Promise<RefKey[] | typeof PURGED> {
  const { history } = checkpoints
  await bringBackArchived(checkpoints, rewrites)
  if (tips.size === 0 && (await movesBy(history, rewrites)).length === 0) return []
  return moveRefs<RefKey[]>(
    checkpoints,
    [...tips.keys()][0] ?? ('' as SessionId),
    async () => {
      const joined = await joinedWith(history, tips)
      const moved = await movesBy(history, joined.rewrites)
      const seen = [...tips].map(([session, to]): LocalMove => {
        const ref = seenRef(names, session)
        return { ref, from: history.tip(ref), to }
      })
      const result = moved.flatMap(({ ref }) =>
        parseRef(ref) === undefined ? [] : ref.slice('refs/'.length),
      )
      return {
        moves: [...joined.moves, ...seen, ...moved],
        objects: joined.objects,
        retires: moved.length > 0,
        result,
      }
    },
    mark,
  )
}

/** Brings back archived sessions with rewritten checkpoints, because archives never change. */
async function bringBackArchived(
  { history, refs }: Sharing['checkpoints'],
  rewrites: Rewrites,
): Promise<void> {
  if (rewrites.isEmpty) return
  const found = new Set<SessionId>()
  for (const [ref, id] of history.everyRef('refs/')) {
    const session = parseRef(ref)?.session
    if (session !== undefined && rewrites.has(id) && history.isArchived(session)) found.add(session)
  }
  for (const session of found) await refs.unarchive(session)
}

async function joinedWith(history: History, tips: NewRewrites['tips']) {
  const objects: NewObject[] = []
  const moves: LocalMove[] = []
  const maps = new Map<SessionId, RewrittenIds>()
  for (const [session, remote] of tips) {
    const ref = rewrittenRef(session)
    const from = history.tip(ref)
    const joined = await joinRewrites(history, session, from, remote)
    maps.set(session, joined.map)
    objects.push(...joined.objects)
    moves.push({ ref, from, to: joined.tip })
  }
  return { moves, objects, rewrites: await readRewrites(history, maps) }
}

/** Returns the moves of all refs at rewritten checkpoints, including last-seen refs and those in the trash. */
async function movesBy(history: History, rewrites: Rewrites): Promise<LocalMove[]> {
  if (rewrites.isEmpty) return []
  const { refs } = history.repository
  const moves: LocalMove[] = []
  for (const [ref, from] of refs.list('refs/', () => undefined)) {
    if (!rewrites.has(from)) continue
    const value = refs.readValue(ref)
    const to = await rewrites.now(from as CommitId, sessionOf(ref))
    if (value !== undefined && 'id' in value && to !== undefined) moves.push({ ref, from, to })
  }
  const held = new Set<SessionId>()
  for (const session of new Set(moves.flatMap(({ ref }) => parseRef(ref)?.session ?? [])))
    if (await isHeld(history, rewrites, session, moves)) held.add(session)
  return moves.filter(({ ref }) => {
    const session = parseRef(ref)?.session
    return session === undefined || !held.has(session)
  })
}

/** Returns whether a session has lines of an adapter, which must move together, and one of its refs cannot move. */
async function isHeld(
  history: History,
  rewrites: Rewrites,
  session: SessionId,
  moves: readonly LocalMove[],
): Promise<boolean> {
  const part = encodeName(session)
  const { refs } = history.repository
  const own = [...refs.list(`refs/heads/${part}/`), ...refs.list(`refs/tags/${part}/`)]
  if (!own.some(([ref]) => parseKey(ref.slice('refs/'.length))?.kind === 'line')) return false
  for (const [ref, id] of own) {
    if (moves.some((move) => move.ref === ref)) continue
    if (await rewrites.holds(id)) return true
  }
  return false
}

/** Returns the session whose rewrites take precedence for a ref. */
function sessionOf(ref: RefName): SessionId | undefined {
  const place = ref.startsWith(LAST_SEEN)
    ? /\/((?:heads|tags)\/.*)/.exec(ref)?.[1]
    : ref.slice('refs/'.length)
  return parseRef(`refs/${place ?? ''}`)?.session
}

const seenRef = (names: Sharing['names'], session: SessionId): RefName =>
  names.seen(`rewritten/${encodeName(session)}`)
