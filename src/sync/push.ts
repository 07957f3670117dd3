/** What was saved here goes to a remote: the refs of a session together, those of many sessions in one request. */
import { type NamedTip, newTombstone } from '../checkpoints/tombstones/tombstone.ts'
import { type ForkpointError, RemoteError } from '../errors.ts'
import { outgoingObjects } from '../git/database/outgoing.ts'
import type { RemoteMove, RemoteRefs } from '../git/wire/remote.ts'
import { type CommitId, goneRef, type ObjectId, type RefName, rewrittenRef, type SessionId } from '../ids.ts'
import { pushArchives } from './archives/shared-archives.ts'
import { batchesOf, sendInHalves } from './batches.ts'
import { cutOff, deepen, lacksHistory } from './deepen.ts'
import { RewrittenError } from './error.ts'
import { create, fetchSessions } from './fetch.ts'
import { moveRefs } from './local-moves.ts'
import { pushFirstBranch } from './neutral-branch.ts'
import { isBelow, sessionFacts } from './planning/facts.ts'
import type { RefFacts } from './planning/fetch-plan.ts'
import type { RemoteNames } from './planning/names.ts'
import { type PushPlan, planPush } from './planning/push-plan.ts'
import { isWaiting, localSessions, type SharedSession } from './planning/shared-sessions.ts'
import type { PushReport } from './report.ts'
import { newRewrites } from './rewrites/taken.ts'
import { each, type Gate, type Only, type Sharing, sessionsWith } from './sharing.ts'

export interface PushRequest {
  only?: Only
  /** Lines with files of a workspace go along. */
  workspace?: boolean
  gate?: Gate
  /** Remotes that may have what is cut off here, where history is sent to one that lacks it. */
  others?: () => Promise<readonly Sharing[]>
}

/** One session that is to be pushed. */
interface Push {
  session: SessionId
  plan: PushPlan
  /** Of the ref that says what was rewritten. */
  rewritten: CommitId | undefined
  moves: RemoteMove[]
  /** Commits that the remote has. */
  has: ObjectId[]
}

/** What a remote does not let anybody do, by session. */
interface Denied {
  deletes: Set<SessionId>
  /** With its words. */
  replacing: Map<SessionId, string>
}

/** Throws RemoteError, LockedError, StorageError. What the remote refuses stands in the report. */
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
  let left = [...waiting.values()]
    .filter((one) => isWaiting(one) && !isNewArchived(one))
    .map(({ session }) => session)
  const state: Denied = { deletes: new Set(), replacing: new Map() }
  for (let round = 0; round < ROUNDS && left.length > 0; round++)
    left = await pushOnce(sharing, request, left, report, state)
  await pushArchives(sharing, request.gate, report)
  for (const session of left)
    report.refused.push({ session, reason: 'others keep changing it at the remote. Try again.' })
  const once = (list: readonly string[]): string[] => [...new Set(list)].sort()
  const { pushed, refused, deleted, behind, kept, hidden, archived } = report
  return {
    ...report,
    pushed: once(pushed),
    refused: [...new Map(refused.map((one) => [one.session, one])).values()],
    // What was rewritten is made again at once, where it has to be deleted first.
    deleted: once(deleted.filter((key) => !pushed.includes(key))),
    behind: once(behind),
    kept: once(kept),
    hidden: once(hidden),
    archived: once(archived),
  }
}

const ROUNDS = 6

/** An archived session that the remote was never seen to have goes with its archive. */
const isNewArchived = ({ refs, gone, archived }: SharedSession): boolean =>
  archived.local && gone.local === undefined && [...refs.values()].every(({ seen }) => seen === undefined)

/** Returns sessions that have to be looked at again. */
async function pushOnce(
  sharing: Sharing,
  request: PushRequest,
  sessions: readonly SessionId[],
  report: PushReport,
  state: Denied,
): Promise<SessionId[]> {
  const { remote, names, options } = sharing
  const there = await remote.refs(names.prefixes(sessions), options)
  if (there.refs.size === 0) await pushFirstBranch(sharing)
  const again = new Set<SessionId>()
  const pushes: Push[] = []
  const shared = sessionsWith(sharing, there, sessions)
  const unknown = [...shared.values()].flatMap(({ session, gone }) =>
    gone.remote !== undefined && gone.remote !== gone.seen ? session : [],
  )
  // Deleted or rewritten elsewhere since: what that means for ours has to be known before anything is pushed.
  const news = [...unknown, ...newRewrites(sharing, there).keys()]
  if (news.length > 0) await fetchSessions(sharing, news)
  await each(shared.values(), async ({ session }) => {
    const push = await prepare(sharing, request, session, there, report, state)
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
          // Where nobody may delete, the tombstone alone says that it is deleted.
          state.deletes.add(session)
          again.add(session)
        } else report.refused.push({ session, reason: why })
      },
    )
  }
  return [...again]
}

/** About how much each sends: what it takes here. Objects that lie here as differences may be sent whole. */
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

/** Decides what is pushed of a session, and says locally what has to be said before. */
async function prepare(
  sharing: Sharing,
  { workspace = false, gate, others }: PushRequest,
  session: SessionId,
  there: RemoteRefs,
  report: PushReport,
  denied: Denied,
): Promise<Push | undefined> {
  const { checkpoints, names, writer } = sharing
  for (let round = 0; round < ROUNDS; round++) {
    const shared = sessionsWith(sharing, there, [session]).get(session)
    if (shared === undefined) return undefined
    const facts = await sessionFacts(checkpoints.history, shared, writer)
    const { gone, rewritten } = shared
    const all = planPush({
      refs: facts.refs,
      gone: { local: gone.local, remote: gone.remote },
      named: facts.named,
      deniesDeletes: denied.deletes.has(session),
      deniesReplacing: denied.replacing.has(session),
      workspace,
    })
    const isOutdated = all.outdated.length > 0
    if (all.unnamed.length > 0 && !isOutdated) {
      await name(sharing, session, all)
      continue
    }
    if (isOutdated) {
      const error = new RewrittenError(session, all.outdated)
      report.refused.push({ session, reason: error.message, error })
    } else if (all.unreplaced.length > 0)
      report.refused.push({ session, reason: `${UNREPLACED} (${denied.replacing.get(session)})` })
    // That it was rewritten is said at the remote all the same.
    const plan: PushPlan = isOutdated
      ? { ...all, moves: [], gone: undefined, seen: new Map(), again: false, behind: [], kept: [] }
      : all
    if (!isOutdated) leaveToArchives(plan, shared, facts.refs, (key) => there.refs.get(names.there(key)))
    report.behind.push(...plan.behind)
    report.kept.push(...plan.kept)
    report.hidden.push(...plan.hidden)
    const moves = remoteMoves(names, session, plan, rewritten)
    const push = { session, plan, rewritten: rewritten.local, moves }
    if (moves.every(({ from, to }) => from === to)) {
      await saw(sharing, [{ ...push, has: [] }])
      return undefined
    }
    const theirs = [...shared.refs.values()].flatMap(({ remote }) => remote ?? [])
    const has: ObjectId[] = []
    for (const id of theirs) if (await checkpoints.objects.has(id)) has.push(id)
    const going = plan.moves.flatMap(({ to }) => to ?? [])
    const refusal =
      (await lacking(sharing, session, going, has, others)) ??
      (going.length === 0 ? undefined : await gate?.(shared))
    if (refusal !== undefined) {
      report.refused.push({ session, reason: refusal.message, error: refusal })
      return undefined
    }
    return { ...push, has }
  }
  report.refused.push({ session, reason: 'its refs change all the time. Try again.' })
  return undefined
}

/** Brings what is cut off here and missing at the remote; the error where that is nowhere. */
async function lacking(
  { checkpoints: { objects } }: Sharing,
  session: SessionId,
  going: readonly ObjectId[],
  has: readonly ObjectId[],
  others: PushRequest['others'],
): Promise<ForkpointError | undefined> {
  if ((await cutOff(objects, going, has)).length === 0) return undefined
  try {
    await deepen((await others?.()) ?? [], [session])
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
  }
  const cut = await cutOff(objects, going, has)
  return cut.length === 0 ? undefined : lacksHistory(session, cut, 'the remote needs all of it')
}

/** What is archived at the remote has no ref there; and what is archived here gets none there again. */
function leaveToArchives(
  plan: PushPlan,
  { archived }: SharedSession,
  refs: readonly RefFacts[],
  there: (key: string) => ObjectId | undefined,
): void {
  const isLive = (key: string): boolean => there(key) !== undefined
  plan.moves = plan.moves.flatMap((move) => {
    const from = there(move.key)
    const isWanted = move.to === undefined ? isLive(move.key) : isLive(move.key) || !archived.local
    return isWanted ? [{ ...move, from }] : []
  })
  for (const key of plan.seen.keys()) if (!isLive(key)) plan.seen.delete(key)
  // It came back from its archive here.
  if (!archived.seen || archived.local) return
  for (const { key, kind, local, relation, fate } of refs)
    if (relation === 'same' && fate === 'alive' && kind !== 'workspace' && !isLive(key))
      plan.moves.push({ key, from: undefined, to: local })
}

const UNREPLACED =
  'the server lets nobody replace or delete what was rewritten. Let it, or remove those refs there, and push again.'

function remoteMoves(
  names: RemoteNames,
  session: SessionId,
  { moves, gone }: PushPlan,
  rewritten: SharedSession['rewritten'],
): RemoteMove[] {
  const all: RemoteMove[] = moves.map(({ key, from, to }) => ({ ref: names.there(key), from, to }))
  if (gone !== undefined) all.push({ ref: goneRef(session), ...gone })
  if (rewritten.local !== undefined && rewritten.local !== rewritten.remote)
    all.push({ ref: rewrittenRef(session), from: rewritten.remote, to: rewritten.local })
  return all
}

/** Names what is about to be deleted at the remote, on top of the tombstones that are here. */
async function name({ checkpoints }: Sharing, session: SessionId, { unnamed }: PushPlan): Promise<void> {
  const ref = goneRef(session)
  await moveRefs(checkpoints, session, async () => {
    const from = checkpoints.history.tip(ref)
    const tips = unnamed.map(({ key, id }): NamedTip => [key, id])
    const parents = from === undefined ? [] : [from]
    const objects = newTombstone({ session, kind: 'also', parents, tips, at: checkpoints.rules.now() })
    return { moves: [{ ref, from, to: objects[0].id }], objects, result: undefined }
  })
}

/** One request. Says why it was refused; nothing of it was done then. */
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
    // Those that failed only since others did say less.
    refused = words.find((why) => !/atomic/i.test(why)) ?? words[0]
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    // What is too large for one request may not be for two.
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

/** After an answer was lost: whether the remote is where the moves lead, or beyond. */
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

/** Whether somebody else has changed the session at the remote since it was read. */
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

/** Remembers what the remote has now, of all sessions in one change. */
async function saw({ checkpoints, names }: Sharing, pushes: readonly Push[]): Promise<void> {
  const { repository } = checkpoints.history
  const seen = new Map<RefName, ObjectId | undefined>()
  for (const { session, plan, rewritten } of pushes) {
    for (const { key, to } of plan.moves) seen.set(names.seen(key), to)
    for (const [key, to] of plan.seen) seen.set(names.seen(key), to)
    const gone: CommitId | undefined = plan.gone?.to
    if (gone !== undefined) seen.set(names.seen(goneRef(session).slice('refs/forkpoint/'.length)), gone)
    if (rewritten !== undefined)
      seen.set(names.seen(rewrittenRef(session).slice('refs/forkpoint/'.length)), rewritten)
  }
  if (seen.size === 0) return
  await repository.change({
    refs: [...seen.keys()],
    prepare: (current) => ({
      objects: [],
      moves: new Map(
        [...seen].filter(([ref, id]) => current.get(ref) !== id).map(([ref, id]) => [ref, id ?? null]),
      ),
      result: undefined,
    }),
  })
}
