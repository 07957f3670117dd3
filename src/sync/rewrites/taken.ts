/** Rewrites of other machines, taken over: what was rewritten there is rewritten here, and what cannot move waits. */
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

/** What a remote says of rewrites that is not taken over yet. Its objects are here. */
export interface NewRewrites {
  tips: ReadonlyMap<SessionId, CommitId>
  /** What counts once it is taken over. */
  rewrites: Rewrites
  /** Call it when it was taken over, or is not wanted any more. */
  release(): void
}

/** The sessions that were rewritten elsewhere since the remote was last looked at. */
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

/** Fetches what the remote says of rewrites, before anything that these are about. Throws as `Remote.fetch`. */
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
 * In one change: the rewrites are known here, and every ref at a checkpoint that was rewritten moves to what this has become, as
 * far as that is here. Returns which branches, lines and tags have moved.
 *
 * @param mark `Checkpoints.mark` from before anything was fetched
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

/** Archived sessions with rewritten checkpoints get their refs back first, since archives never change. */
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

/** Every ref that is at a rewritten checkpoint, with where it goes; last-seen refs and what is in the trash as well. */
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

/** Whether a session has lines of an adapter, which move together or not at all, and one cannot move. */
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

/** Whose rewrites count first for a ref. */
function sessionOf(ref: RefName): SessionId | undefined {
  const place = ref.startsWith(LAST_SEEN)
    ? /\/((?:heads|tags)\/.*)/.exec(ref)?.[1]
    : ref.slice('refs/'.length)
  return parseRef(`refs/${place ?? ''}`)?.session
}

const seenRef = (names: Sharing['names'], session: SessionId): RefName =>
  names.seen(`rewritten/${encodeName(session)}`)
