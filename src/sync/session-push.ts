/** Decides what is pushed of one session, from what is here and what the remote has. */
import { tombstoneOf } from '../checkpoints/tombstones/folded.ts'
import { type NamedTip, newTombstone } from '../checkpoints/tombstones/tombstone.ts'
import { type ForkpointError, RemoteError } from '../errors.ts'
import type { RemoteMove, RemoteRefs } from '../git/wire/remote.ts'
import { type CommitId, goneRef, type ObjectId, type RefName, rewrittenRef, type SessionId } from '../ids.ts'
import { cutOff, deepen, lacksHistory } from './deepen.ts'
import { RewrittenError } from './error.ts'
import { moveRefs } from './local-moves.ts'
import { sessionFacts } from './planning/facts.ts'
import type { RefFacts } from './planning/fetch-plan.ts'
import type { RemoteNames } from './planning/names.ts'
import { type PushPlan, planPush } from './planning/push-plan.ts'
import type { SharedSession } from './planning/shared-sessions.ts'
import type { PushReport } from './report.ts'
import { type Gate, type Only, type Sharing, sessionsWith } from './sharing.ts'

/** How often a decision is made again because refs have changed in the meantime. */
export const ROUNDS = 6

export interface PushRequest {
  only?: Only
  /** Push lines with the files of a workspace, too. */
  workspace?: boolean
  gate?: Gate
  /** The remote's refs, if all of them were just read: then the first round need not ask for them. */
  there?: RemoteRefs | undefined
  /** Returns remotes that may have the history that this shallow store lacks and the push needs. */
  others?: () => Promise<readonly Sharing[]>
}

/** The push of one session. */
export interface Push {
  session: SessionId
  plan: PushPlan
  /** The value of the ref with the session's map of rewrites. */
  rewritten: CommitId | undefined
  moves: RemoteMove[]
  /** Commits that the remote has. */
  has: ObjectId[]
}

/** What a remote refuses, by session. */
export interface Denied {
  deletes: Set<SessionId>
  /** With the server's reason. */
  replacing: Map<SessionId, string>
}

/** Decides what is pushed of a session, and first makes the tombstones that the push needs. */
export async function preparePush(
  sharing: Sharing,
  { workspace = false, gate, others }: PushRequest,
  session: SessionId,
  there: RemoteRefs,
  report: PushReport,
  denied: Denied,
): Promise<Push | undefined> {
  const { checkpoints, names, writer } = sharing
  for (let round = 0; round < ROUNDS; round++) {
    const shared = (await sessionsWith(sharing, there, [session])).get(session)
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
    // The map of rewrites is pushed nevertheless.
    const plan: PushPlan = isOutdated
      ? { ...all, moves: [], gone: undefined, seen: new Map(), again: false, behind: [], kept: [] }
      : all
    if (!isOutdated) leaveToArchives(plan, shared, facts.refs, (key) => there.refs.get(names.there(key)))
    report.behind.push(...plan.behind)
    report.kept.push(...plan.kept)
    report.hidden.push(...plan.hidden)
    const moves = remoteMoves(names, session, plan, rewritten, there)
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
      (going.length === 0 && plan.gone === undefined ? undefined : await gate?.(sentOf(shared, plan)))
    if (refusal !== undefined) {
      report.refused.push({ session, reason: refusal.message, error: refusal })
      return undefined
    }
    return { ...push, has }
  }
  report.refused.push({ session, reason: 'its refs change all the time. Try again.' })
  return undefined
}

/** Fetches history that is missing both here and at the remote; returns the error if no remote has it. */
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

/**
 * Adjusts the plan to archives: refs that the remote has only in an archive have no value there, and sessions archived
 * here get no new refs there.
 */
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
  // The session came back from its archive here.
  if (!archived.seen || archived.local) return
  const moving = new Set(plan.moves.map(({ key }) => key))
  for (const { key, kind, local, relation, fate } of refs)
    if (relation === 'same' && fate === 'alive' && kind !== 'workspace' && !isLive(key) && !moving.has(key))
      plan.moves.push({ key, from: undefined, to: local })
}

const UNREPLACED =
  'the server lets nobody replace or delete what was rewritten. Let it, or remove those refs there, and push again.'

function remoteMoves(
  names: RemoteNames,
  session: SessionId,
  { moves, gone }: PushPlan,
  rewritten: SharedSession['rewritten'],
  there: RemoteRefs,
): RemoteMove[] {
  const all: RemoteMove[] = moves.map(({ key, from, to }) => ({ ref: names.there(key), from, to }))
  // If the remote's tombstone is folded, it gets a ref again.
  if (gone !== undefined)
    all.push({ ref: goneRef(session), from: there.refs.get(goneRef(session)), to: gone.to })
  if (rewritten.local !== undefined && rewritten.local !== rewritten.remote)
    all.push({ ref: rewrittenRef(session), from: rewritten.remote, to: rewritten.local })
  return all
}

/** Adds a tombstone that names what is about to be deleted at the remote. */
async function name({ checkpoints }: Sharing, session: SessionId, { unnamed }: PushPlan): Promise<void> {
  const ref = goneRef(session)
  await moveRefs(checkpoints, session, async () => {
    const from = checkpoints.history.tip(ref)
    const before = await tombstoneOf(checkpoints.history, session)
    const tips = unnamed.map(({ key, id }): NamedTip => [key, id])
    const parents = before === undefined ? [] : [before]
    const objects = newTombstone({ session, kind: 'also', parents, tips, at: checkpoints.rules.now() })
    return { moves: [{ ref, from, to: objects[0].id }], objects, result: undefined }
  })
}

/** Records what the remote has now, for all sessions in one change. */
export async function saw({ checkpoints, names }: Sharing, pushes: readonly Push[]): Promise<void> {
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

/**
 * Returns the session with only the refs that are sent; what stays here, such as the files of a workspace, is not
 * checked.
 */
function sentOf(shared: SharedSession, { moves, gone }: PushPlan): SharedSession {
  const sent = new Set(moves.flatMap(({ key, to }) => (to === undefined ? [] : [key])))
  const refs = [...shared.refs].map(([key, at]) => [key, sent.has(key) ? at : { remote: at.remote }] as const)
  return { ...shared, refs: new Map(refs), gone: gone === undefined ? {} : shared.gone }
}
