/** Pushes folded tombstones, and deletes what they say at the remote. */
import { foldedTips, leadsTo } from '../../checkpoints/tombstones/folded.ts'
import { isAncestor } from '../../git/database/ancestry.ts'
import type { RemoteMove } from '../../git/wire/remote.ts'
import { type CommitId, FOLDED, GONE, type ObjectId, type RefName, type SessionId } from '../../ids.ts'
import { encodeName } from '../../ref-part.ts'
import { batchesOf, sendAtomic } from '../batches.ts'
import { fetchSessions } from '../fetch.ts'
import { type LocalMove, moveRefs } from '../local-moves.ts'
import { parseKey } from '../planning/names.ts'
import type { Sharing } from '../sharing.ts'
import { NO_SESSION } from './fold.ts'
import { isNewFold } from './shared-folds.ts'

/**
 * Returns the sessions that the remote still has, although a tombstone that was folded here and not sent yet deletes
 * them.
 */
export async function unsentFolded({ checkpoints, names, remote, options }: Sharing): Promise<SessionId[]> {
  const { objects, repository } = checkpoints.history
  const [local, seen] = [FOLDED, names.seenFolded].map((ref) => repository.refs.read(ref as RefName))
  if (local === undefined || local === seen) return []
  const tips = await foldedTips(objects, local as CommitId)
  const known = seen === undefined ? undefined : await foldedTips(objects, seen as CommitId)
  const there = await remote.refs(names.prefixes(undefined), options)
  const sessions = new Map<string, SessionId>()
  for (const ref of there.refs.keys()) {
    const session = parseKey(names.key(ref) ?? '')?.session
    if (session !== undefined) sessions.set(encodeName(session), session)
  }
  return [...sessions].flatMap(([part, session]) => {
    const tip = tips.get(part)
    return tip === undefined || tip === known?.get(part) ? [] : [session]
  })
}

/**
 * Pushes the folded tombstones, and deletes the refs at the remote that they make needless, in atomic requests. If the
 * remote refuses, those refs stay, and say the same.
 */
export async function pushFolded(sharing: Sharing): Promise<void> {
  const { checkpoints, names, remote, options } = sharing
  const { history } = checkpoints
  const { refs } = history.repository
  if (refs.read(FOLDED) === refs.read(names.seenFolded)) return
  const there = await remote.refs([GONE], options)
  if (isNewFold(sharing, there)) await fetchSessions(sharing, [])
  const local = refs.read(FOLDED) as CommitId
  const before = there.refs.get(FOLDED) as CommitId | undefined
  const isForward =
    before === undefined || before === local || (await isAncestor(history.objects, before, local))
  if (!isForward) return
  const tips = await foldedTips(history.objects, local)
  const needless: RemoteMove[] = []
  const has: ObjectId[] = []
  for (const [ref, from] of there.refs) {
    if (await history.objects.has(from)) has.push(from)
    const tip = tips.get(ref.slice(GONE.length))
    if (tip !== undefined && (await leadsTo(history, tip, from as CommitId)))
      needless.push({ ref, from, to: undefined })
  }
  let at = before
  const gone: RefName[] = []
  for (const batch of [...batchesOf(needless, () => ({ refs: 1, bytes: 0 })), []]) {
    if (batch.length === 0 && at === local) continue
    const moves = [{ ref: FOLDED, from: at, to: local }, ...batch]
    if ((await sendAtomic(sharing, moves, has)) !== undefined) continue
    at = local
    gone.push(...batch.map(({ ref }) => names.seen(ref.slice('refs/forkpoint/'.length))))
  }
  if (at !== local) return
  await moveRefs(checkpoints, NO_SESSION, async () => ({
    moves: [
      { ref: names.seenFolded, from: refs.read(names.seenFolded), to: local },
      ...gone.flatMap((ref): LocalMove[] => {
        const from = refs.read(ref)
        return from === undefined ? [] : [{ ref, from, to: undefined }]
      }),
    ],
    objects: [],
    result: undefined,
  }))
}
