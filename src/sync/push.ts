import { RemoteError } from '../errors.ts'
import { outgoingObjects } from '../git/database/outgoing.ts'
import type { RemoteMove, RemoteRefs } from '../git/wire/remote.ts'
import type { SessionId } from '../ids.ts'
import { pushArchives } from './archives/shared-archives.ts'
import { batchesOf, sendInHalves } from './batches.ts'
import { create, fetchSessions } from './fetch.ts'
import { pushFirstBranch } from './neutral-branch.ts'
import { isBelow } from './planning/facts.ts'
import { addFolded, isWaiting, localSessions, type SharedSession } from './planning/shared-sessions.ts'
import type { PushReport } from './report.ts'
import { newRewrites } from './rewrites/taken.ts'
import { type Denied, type Push, type PushRequest, preparePush, ROUNDS, saw } from './session-push.ts'
import { each, type Sharing, sessionsWith } from './sharing.ts'
import { pushFolded, unsentFolded } from './tombstones/push-folds.ts'
import { isNewFold } from './tombstones/shared-folds.ts'

/** Pushes sessions. The report contains what the remote refused. Throws RemoteError, LockedError, StorageError. */
export async function pushSessions(sharing: Sharing, request: PushRequest = {}): Promise<PushReport> {
  const { names, checkpoints } = sharing
  const report: PushReport = {
    remote: names.remote,
    pushed: [],
    archived: [],
    deleted: [],
    refused: [],
    behind: [],
    kept: [],
    hidden: [],
  }
  await create(checkpoints)
  const waiting = localSessions(checkpoints.history, names, request.only)
  await addFolded(checkpoints.history, waiting, names)
  const unsent = request.only === undefined ? await unsentFolded(sharing) : []
  let left = [
    ...new Set([
      ...[...waiting.values()]
        .filter((one) => isWaiting(one) && !isNewArchived(one))
        .map(({ session }) => session),
      ...unsent,
    ]),
  ]
  const state: Denied = { deletes: new Set(), replacing: new Map() }
  for (let round = 0; round < ROUNDS && left.length > 0; round++) {
    const there = round === 0 ? request.there : undefined
    left = await pushOnce(sharing, { ...request, there }, left, report, state)
  }
  await pushArchives(sharing, request, report)
  if (request.only === undefined) await pushFolded(sharing)
  for (const session of left)
    report.refused.push({ session, reason: 'others keep changing it at the remote. Try again.' })
  const once = (list: readonly string[]): string[] => [...new Set(list)].sort()
  const { pushed, refused, deleted, behind, kept, hidden, archived } = report
  return {
    ...report,
    pushed: once(pushed),
    refused: [...new Map(refused.map((one) => [one.session, one])).values()],
    // Refs that were deleted only to be created again do not count as deleted.
    deleted: once(deleted.filter((key) => !pushed.includes(key))),
    behind: once(behind),
    kept: once(kept),
    hidden: once(hidden),
    archived: once(archived),
  }
}

/** Returns whether an archived session was never seen at the remote: then it is pushed with its archive. */
const isNewArchived = ({ refs, gone, archived }: SharedSession): boolean =>
  archived.local && gone.local === undefined && [...refs.values()].every(({ seen }) => seen === undefined)

/** Pushes once; returns the sessions to push again. */
async function pushOnce(
  sharing: Sharing,
  request: PushRequest,
  sessions: readonly SessionId[],
  report: PushReport,
  state: Denied,
): Promise<SessionId[]> {
  const { remote, names, options } = sharing
  const there = request.there ?? (await remote.refs(names.prefixes(sessions), options))
  if (there.refs.size === 0) await pushFirstBranch(sharing)
  const again = new Set<SessionId>()
  const pushes: Push[] = []
  const shared = await sessionsWith(sharing, there, sessions)
  const unknown = [...shared.values()].flatMap(({ session, gone }) =>
    gone.remote !== undefined && gone.remote !== gone.seen ? session : [],
  )
  // New deletions and rewrites of others are fetched before anything is pushed, because they may affect local refs.
  const news = [...unknown, ...newRewrites(sharing, there).keys()]
  if (news.length > 0 || isNewFold(sharing, there)) await fetchSessions(sharing, news)
  await each(shared.values(), async ({ session }) => {
    const push = await preparePush(sharing, request, session, there, report, state)
    if (push !== undefined) pushes.push(push)
  })
  pushes.sort((a, b) => (a.session < b.session ? -1 : 1))
  const bytes = await bytesOf(sharing, pushes)
  const size = (push: Push) => ({ refs: push.moves.length, bytes: bytes.get(push) ?? 0 })
  for (const batch of batchesOf(pushes, size)) {
    await sendInHalves(
      batch,
      (some) => send(sharing, some, report, again),
      async ({ session, plan }, why) => {
        if (await hasMoved(sharing, session, there)) again.add(session)
        else if (plan.moves.some(({ replaces }) => replaces) && !state.replacing.has(session)) {
          state.replacing.set(session, why)
          again.add(session)
        } else if (plan.moves.some(({ to }) => to === undefined) && !state.deletes.has(session)) {
          // If the server refuses deletions, only the tombstone is pushed.
          state.deletes.add(session)
          again.add(session)
        } else report.refused.push({ session, reason: why })
      },
    )
  }
  return [...again]
}

/** Estimates the bytes of each push by their size in this store. Objects stored here as deltas may be sent whole. */
async function bytesOf(
  { checkpoints: { objects } }: Sharing,
  pushes: readonly Push[],
): Promise<ReadonlyMap<Push, number>> {
  const bytes = new Map<Push, number>()
  if (pushes.length < 2) return bytes
  const sizes = await objects.sizes()
  for (const push of pushes) {
    const ids = await outgoingObjects(objects, {
      wants: push.moves.flatMap(({ to }) => to ?? []),
      has: push.has,
    })
    bytes.set(
      push,
      ids.reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0),
    )
  }
  return bytes
}

/** Sends one request. Returns why it was refused; then the remote has changed nothing. */
async function send(
  sharing: Sharing,
  pushes: readonly Push[],
  report: PushReport,
  again: Set<SessionId>,
): Promise<string | undefined> {
  const { remote, options } = sharing
  const moves = pushes.flatMap((push) => push.moves)
  const has = pushes.flatMap((push) => push.has)
  let refused: string | undefined
  try {
    const answers = await remote.push({ moves, has, atomic: moves.length > 1 }, options)
    const words = answers.flatMap(({ refused: why }) => why ?? [])
    // Moves that failed only because others failed give a less useful reason.
    refused = words.find((why) => !/atomic/i.test(why)) ?? words[0]
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    // Two smaller requests may succeed.
    if (error.failure === 'too-large') return error.message
    if (!(await arrived(sharing, moves))) throw error
  }
  if (refused !== undefined) return refused
  await saw(sharing, pushes)
  for (const { session, plan } of pushes) {
    for (const { key, to } of plan.moves) (to === undefined ? report.deleted : report.pushed).push(key)
    if (plan.again) again.add(session)
  }
  return undefined
}

/** After a lost answer, returns whether the remote has the new values, or descendants of them. */
async function arrived(
  { checkpoints, remote, options }: Sharing,
  moves: readonly RemoteMove[],
): Promise<boolean> {
  const { refs } = await remote.refs(
    moves.map(({ ref }) => ref),
    options,
  )
  for (const { ref, to } of moves) {
    const at = refs.get(ref)
    if (at === to) continue
    if (at === undefined || to === undefined || !(await isBelow(checkpoints.history, to, at))) return false
  }
  return true
}

/** Returns whether someone else has changed the session at the remote since it was read. */
async function hasMoved(
  { remote, names, options }: Sharing,
  session: SessionId,
  there: RemoteRefs,
): Promise<boolean> {
  const prefixes = names.prefixes([session])
  const { refs } = await remote.refs(prefixes, options)
  const before = [...there.refs].filter(([ref]) => prefixes.some((prefix) => ref.startsWith(prefix)))
  return before.length !== refs.size || before.some(([ref, id]) => refs.get(ref) !== id)
}
