/**
 * Fetches folded tombstones: they are joined with those here, and what is folded needs no refs of its own. All machines
 * that join the same two get the same result.
 */
import { foldedTips, joinFolds, leadsTo } from '../../checkpoints/tombstones/folded.ts'
import { CorruptError } from '../../errors.ts'
import type { Fetched, RemoteRefs } from '../../git/wire/remote.ts'
import { type CommitId, FOLDED, GONE, type ObjectId, type RefName } from '../../ids.ts'
import { type LocalMove, moveRefs, type PURGED } from '../local-moves.ts'
import type { Sharing } from '../sharing.ts'
import { NO_SESSION, ownTombstones } from './fold.ts'

/** Returns whether the remote has folded tombstones that were not fetched yet. */
export const isNewFold = ({ checkpoints, names }: Sharing, { refs }: RemoteRefs): boolean =>
  refs.has(FOLDED) && refs.get(FOLDED) !== checkpoints.history.repository.refs.read(names.seenFolded)

/** Fetches the remote's folded tombstones, whole, before the sessions that they may name. */
export async function bringFolded(
  { checkpoints, remote, options }: Sharing,
  there: RemoteRefs,
): Promise<Fetched | undefined> {
  const { objects, repository } = checkpoints.history
  const id = there.refs.get(FOLDED)
  if (id === undefined || (await objects.has(id))) return undefined
  const own = [...ownTombstones(checkpoints).values()].slice(-MOST_HAVES)
  const haves = [repository.refs.read(FOLDED) ?? [], own].flat()
  return remote.fetch({ wants: [id], haves }, options)
}

/**
 * Joins the remote's folded tombstones with those here. The same change removes the refs that are then no longer needed:
 * those of tombstones here, and the last-seen refs of tombstones that the remote has folded. Does nothing if the remote's
 * ref does not name a fold.
 *
 * @param mark the result of `Checkpoints.mark` from before anything was fetched
 */
export async function takeOverFolded(
  { checkpoints, names }: Sharing,
  there: RemoteRefs,
  mark: string,
): Promise<undefined | typeof PURGED> {
  const { history } = checkpoints
  const { refs } = history.repository
  const remote = there.refs.get(FOLDED) as CommitId | undefined
  if (remote === undefined || (refs.read(names.seenFolded) === remote && refs.read(FOLDED) !== undefined))
    return undefined
  return moveRefs<undefined>(
    checkpoints,
    NO_SESSION,
    async () => {
      const [local, seen] = [refs.read(FOLDED) as CommitId | undefined, refs.read(names.seenFolded)]
      try {
        const theirs = await foldedTips(history.objects, remote)
        const { tip, objects } = await joinFolds(history, local, remote)
        const moves: LocalMove[] = [
          { ref: FOLDED, from: local, to: tip },
          { ref: names.seenFolded, from: seen, to: remote },
        ]
        const ours = local === undefined ? undefined : await foldedTips(history.objects, local)
        for (const [part, from] of ownTombstones(checkpoints))
          for (const tip of [theirs.get(part), ours?.get(part)])
            if (tip !== undefined && (await leadsTo(history, tip, from))) {
              moves.push({ ref: `${GONE}${part}` as RefName, from, to: undefined })
              break
            }
        for (const [ref, from] of seenTombstones(names, refs))
          if (!there.refs.has(GONE + partOf(ref)) && theirs.has(partOf(ref)))
            moves.push({ ref, from, to: undefined })
        return { moves, objects, result: undefined }
      } catch (error) {
        if (!(error instanceof CorruptError)) throw error
        return { moves: [], objects: [], result: undefined }
      }
    },
    mark,
  )
}

const seenTombstones = (
  { seenFolder, seenFolded }: Sharing['names'],
  refs: Sharing['checkpoints']['history']['repository']['refs'],
): [RefName, ObjectId][] =>
  [...refs.list(`${seenFolder}gone/`, () => undefined)].filter(([ref]) => ref !== seenFolded)

const partOf = (ref: RefName): string => ref.slice(ref.lastIndexOf('/') + 1)

/** Haves are only a hint: without them, a server sends more. */
const MOST_HAVES = 256
