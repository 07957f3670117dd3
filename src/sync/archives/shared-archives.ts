/**
 * Shares archives, which are pushed and fetched like other refs. An archive of the remote is taken over for sessions
 * that are the same here or do not exist here. If a session has refs of its own on one side, these take precedence
 * there.
 */
import { foldSessions } from '../../checkpoints/archiving/archive-sessions.ts'
import type { ArchivedSession } from '../../checkpoints/commits/archive.ts'
import { tombstoneOf } from '../../checkpoints/tombstones/folded.ts'
import { readRewrites } from '../../checkpoints/tombstones/rewrites.ts'
import type { RemoteMove, RemoteRefs } from '../../git/wire/remote.ts'
import {
  ARCHIVE,
  type CommitId,
  type ObjectId,
  type RefFolder,
  type RefName,
  type SessionId,
} from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { batchesOf, sendAtomic } from '../batches.ts'
import { gravesOf, isBelow, sessionFacts } from '../planning/facts.ts'
import { parseKey } from '../planning/names.ts'
import type { SharedSession } from '../planning/shared-sessions.ts'
import type { FetchReport, PushReport } from '../report.ts'
import { type Gate, type Only, type Sharing, sessionsWith } from '../sharing.ts'

/** The archives of one side by ref, and all their sessions by the part of a ref that encodes their id. */
interface Shelf {
  refs: Map<RefName, CommitId>
  sessions: Map<string, ArchivedSession>
}

/**
 * Completes a fetch: archives sessions that were archived at the remote, and brings back those that came back there.
 */
export async function takeOverArchives(
  sharing: Sharing,
  there: RemoteRefs,
  report: FetchReport,
): Promise<void> {
  const { checkpoints, names } = sharing
  const { history } = checkpoints
  const [here, seen] = [shelfHere(sharing, ARCHIVE), shelfHere(sharing, names.seenArchives)]
  const remote = shelfThere(sharing, there)
  const live = liveParts(sharing, there)
  for (const [part, { session }] of here.sessions) {
    const isBack = seen.sessions.has(part) && live.has(part) && !isSeenLive(sharing, part)
    if (isBack && (await checkpoints.refs.unarchive(session))) report.unarchived.push(session)
  }
  for (const [ref, id] of remote.refs) {
    const sessions = history.archives.tryRead(id)
    if (seen.refs.has(ref) || here.refs.has(ref) || sessions === undefined) continue
    const wanted = await sameHere(
      sharing,
      [...sessions].flatMap(([part, one]) => (live.has(part) ? [] : one)),
      there,
    )
    if (wanted.length === 0) continue
    report.archived.push(...(await foldSessions(checkpoints, wanted, { ref, id, sessions })))
  }
  await remember(
    sharing,
    remote.refs,
    seen.refs,
    [...remote.sessions.keys()].filter((part) => !live.has(part)),
  )
}

/** Returns whether a session exists only in archives of the remote: then it needs no refs here, only the archive. */
export const isOnlyArchivedThere = ({ refs, gone, archived }: SharedSession): boolean =>
  archived.remote &&
  gone.local === undefined &&
  gone.remote === undefined &&
  [...refs.values()].every(({ local }) => local === undefined)

/**
 * Completes a push of sessions: pushes new archives, and deletes archives at the remote that no longer exist here.
 *
 * @param only archives hold no other sessions when they leave this machine
 */
export async function pushArchives(
  sharing: Sharing,
  { only, gate, workspace = false }: { only?: Only; gate?: Gate; workspace?: boolean },
  report: PushReport,
): Promise<void> {
  const { checkpoints, names, remote, options } = sharing
  const seen = shelfHere(sharing, names.seenArchives).refs
  const all = [...shelfHere(sharing, ARCHIVE).sessions.values()]
  if (only !== undefined && !all.some(({ session }) => only.includes(session))) return
  const isTheSame = (now: ReadonlyMap<string, ObjectId>): boolean =>
    now.size === seen.size && [...now].every(([ref, id]) => seen.get(ref as RefName) === id)
  if (isTheSame(shelfHere(sharing, ARCHIVE).refs)) return
  const there = await remote.refs(names.prefixes(undefined), options)
  const held = new Set<string>()
  for (const [ref, id] of shelfHere(sharing, ARCHIVE).refs)
    if (!there.refs.has(ref))
      for (const session of await holdBack(sharing, id, { there, only, gate, workspace, report }))
        held.add(encodeName(session))
  const here = shelfHere(sharing, ARCHIVE)
  const known = [...there.refs.values()]
  const has: ObjectId[] = []
  for (const id of known) if (await checkpoints.objects.has(id)) has.push(id)
  const now = new Map([...there.refs].filter(([ref]) => ref.startsWith(ARCHIVE))) as Map<RefName, CommitId>
  for (const { session } of report.refused) held.add(encodeName(session))
  for (const [ref, id] of here.refs) {
    const sessions = history(sharing).archives.tryRead(id)
    if (sessions === undefined || [...sessions.keys()].some((part) => held.has(part))) continue
    if (!now.has(ref)) {
      const refused = await sendAtomic(sharing, [{ ref, from: undefined, to: id }], has)
      if (refused !== undefined) {
        for (const { session } of sessions.values()) report.refused.push({ session, reason: refused })
        continue
      }
      now.set(ref, id)
      report.archived.push(...[...sessions.values()].map(({ session }) => session))
    }
    await deleteLive(sharing, [...sessions.values()], there, report)
  }
  const kept = new Set(
    [...now.keys()].flatMap((ref) => [
      ...(here.refs.has(ref) ? history(sharing).archives.tryRead(here.refs.get(ref)!)!.keys() : []),
    ]),
  )
  for (const [ref, id] of seen) {
    if (here.refs.has(ref) || now.get(ref) !== id) continue
    const sessions = history(sharing).archives.tryRead(id)
    if (sessions === undefined) continue
    let isFree = true
    for (const [part, one] of sessions) isFree &&= kept.has(part) || (await isElsewhere(sharing, one, there))
    if (!isFree) continue
    if ((await sendAtomic(sharing, [{ ref, from: id, to: undefined }], [])) === undefined) now.delete(ref)
  }
  await remember(sharing, now, seen, [])
}

const history = ({ checkpoints }: Sharing) => checkpoints.history

/**
 * Moves sessions that must not be sent into an archive of their own: those that must not leave this machine, which are
 * reported, those that the caller left out, and those with files of a workspace if the caller did not ask to send these.
 * What the remote has of the last stays as it is. Returns all of them.
 */
async function holdBack(
  sharing: Sharing,
  id: CommitId,
  options: { there: RemoteRefs; only: Only; gate: Gate | undefined; workspace: boolean; report: PushReport },
): Promise<SessionId[]> {
  const { there, only, gate, workspace, report } = options
  const { checkpoints, writer } = sharing
  const all = history(sharing).archives.tryRead(id) ?? new Map<string, ArchivedSession>()
  const held: ArchivedSession[] = []
  const known = await sessionsWith(
    sharing,
    there,
    [...all.values()].map(({ session }) => session),
  )
  for (const one of all.values()) {
    if (only?.includes(one.session) === false) {
      held.push(one)
      continue
    }
    const shared = known.get(one.session)
    if (shared === undefined) continue
    if (!workspace && [...shared.refs.keys()].some((key) => parseKey(key)?.kind === 'workspace')) {
      held.push(one)
      continue
    }
    const isMarked = shared.gone.local !== undefined || shared.gone.remote !== undefined
    const facts = isMarked ? await sessionFacts(history(sharing), shared, writer) : undefined
    const error = await gate?.(shared)
    const isDead = facts?.refs.some(({ local, fate }) => local !== undefined && fate !== 'alive') ?? false
    if (error === undefined && !isDead) continue
    const reason = error?.message ?? 'it was deleted elsewhere. Restore it first.'
    report.refused.push({ session: one.session, reason, ...(error && { error }) })
    held.push(one)
  }
  if (held.length > 0 && held.length < all.size) await foldSessions(checkpoints, held)
  return held.map(({ session }) => session)
}

/** Deletes the refs that the remote still has of archived sessions, if they have the same values as in the archive. */
async function deleteLive(
  sharing: Sharing,
  sessions: readonly ArchivedSession[],
  there: RemoteRefs,
  report: PushReport,
): Promise<void> {
  const { names } = sharing
  const each = sessions.flatMap(({ refs }) => {
    const moves = [...refs].flatMap(([ref, id]): RemoteMove[] => {
      const at = names.there(ref.slice('refs/'.length))
      return there.refs.get(at) === id ? [{ ref: at, from: id, to: undefined }] : []
    })
    return moves.length === 0 ? [] : [moves]
  })
  for (const batch of batchesOf(each, (moves) => ({ refs: moves.length, bytes: 0 }))) {
    const moves = batch.flat()
    const refused = await sendAtomic(sharing, moves, [])
    const keys = moves.flatMap(({ ref }) => names.key(ref) ?? [])
    const seen = keys.map((key) => [names.seen(key), null] as const)
    if (refused === undefined) await history(sharing).repository.setRefs(new Map(seen))
    else report.hidden.push(...keys)
  }
}

/**
 * Returns whether the remote has the session in refs of its own, or the session was deleted here. Refs that were
 * rewritten or deleted count as well, so that an archive does not keep what was taken out.
 */
async function isElsewhere(
  sharing: Sharing,
  { session, refs }: ArchivedSession,
  there: RemoteRefs,
): Promise<boolean> {
  const { names } = sharing
  if (!history(sharing).exists(session) && (await tombstoneOf(history(sharing), session)) !== undefined)
    return true
  const rewrites = await readRewrites(history(sharing))
  const graves = await gravesOf(history(sharing), { local: await tombstoneOf(history(sharing), session) })
  for (const [ref, id] of refs) {
    if (rewrites.has(id)) continue
    if (graves.of(ref.slice('refs/'.length)).some((grave) => grave.id === id)) continue
    const at = there.refs.get(names.there(ref.slice('refs/'.length)))
    if (at === undefined || !(await isBelow(history(sharing), id, at))) return false
  }
  return true
}

/** Returns the sessions that can be archived here: their refs are the same here, or nothing is known of them. */
async function sameHere(
  sharing: Sharing,
  all: readonly ArchivedSession[],
  there: RemoteRefs,
): Promise<ArchivedSession[]> {
  const archives = history(sharing).archives.readable()
  const known = await sessionsWith(
    sharing,
    there,
    all.map(({ session }) => session),
  )
  return all.filter(({ session, refs }) => {
    const own = history(sharing).refsOf(session, archives)
    if (own.size > 0) return own.size === refs.size && [...refs].every(([ref, id]) => own.get(ref) === id)
    const gone = known.get(session)?.gone
    return gone?.local === undefined && gone?.remote === undefined
  })
}

function shelfHere({ checkpoints }: Sharing, folder: RefFolder): Shelf {
  const refs = [...checkpoints.history.repository.refs.list(folder, () => undefined)]
  return shelfOf(
    checkpoints.history,
    refs.map(([ref, id]) => [`${ARCHIVE}${ref.slice(folder.length)}`, id as CommitId]),
  )
}

const shelfThere = ({ checkpoints }: Sharing, there: RemoteRefs): Shelf =>
  shelfOf(
    checkpoints.history,
    ([...there.refs] as [RefName, CommitId][]).filter(([ref]) => ref.startsWith(ARCHIVE)),
  )

function shelfOf(
  { archives }: Sharing['checkpoints']['history'],
  refs: readonly [RefName, CommitId][],
): Shelf {
  return {
    refs: new Map(refs),
    sessions: new Map(refs.flatMap(([, id]) => [...(archives.tryRead(id) ?? [])])),
  }
}

/** Returns the sessions (as parts of refs) of which the remote has refs. */
function liveParts({ names }: Sharing, there: RemoteRefs): Set<string> {
  const keys = [...there.refs.keys()].flatMap((ref) => names.key(ref) ?? [])
  return new Set(keys.filter((key) => parseKey(key)!.kind !== 'tag').map((key) => key.split('/')[1]!))
}

const isSeenLive = ({ checkpoints, names }: Sharing, part: string): boolean =>
  checkpoints.history.repository.refs.list(`${names.seenFolder}heads/${part}/`, () => undefined).size > 0

/** Records the archives that were last seen, and forgets the last-seen refs of archived sessions. */
async function remember(
  sharing: Sharing,
  now: ReadonlyMap<RefName, CommitId>,
  before: ReadonlyMap<RefName, CommitId>,
  archived: readonly string[],
): Promise<void> {
  const { names } = sharing
  const place = (ref: RefName): RefName => `${names.seenArchives}${ref.slice(ARCHIVE.length)}`
  const moves = new Map<RefName, ObjectId | null>()
  for (const ref of before.keys()) if (!now.has(ref)) moves.set(place(ref), null)
  for (const [ref, id] of now)
    if (before.get(ref) !== id && (await sharing.checkpoints.objects.has(id))) moves.set(place(ref), id)
  const wanted = new Set(archived)
  for (const kind of ['heads', 'tags'])
    for (const [ref] of history(sharing).repository.refs.entries(
      `${names.seenFolder}${kind}/`,
      () => undefined,
    ))
      if (wanted.has(ref.slice(names.seenFolder.length).split('/')[1]!)) moves.set(ref, null)
  await history(sharing).repository.setRefs(moves)
}
