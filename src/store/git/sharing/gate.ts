/** What may leave this machine: looked at before anything is sent. */
import type { History } from '../../../checkpoints/commits/history.ts'
import { reachableFrom } from '../../../git/upkeep/reachable.ts'
import type { CommitId, ObjectId } from '../../../ids.ts'
import type { SecretFinder } from '../../../redaction/secrets.ts'
import { NotSharedError } from '../../../sync/error.ts'
import { isLocalOnly } from '../../../sync/local-only.ts'
import type { SharedSession } from '../../../sync/planning/shared-sessions.ts'
import { type CleanMemory, type FoundSecret, scan } from '../../scan/scan.ts'

/** @param finder what is looked for; `undefined`: nothing */
export const gate =
  (history: History, finder: SecretFinder | undefined, memory: CleanMemory | undefined) =>
  async ({ session, refs }: SharedSession): Promise<NotSharedError | undefined> => {
    const { objects } = history
    const going = new Map<string, ObjectId>()
    const there: ObjectId[] = []
    for (const [key, { local, remote }] of refs) {
      if (remote !== undefined && (await objects.has(remote))) there.push(remote)
      if (local !== undefined && local !== remote) going.set(`refs/${key}`, local)
    }
    const known = await knownThere(history, there)
    for (const id of going.values()) {
      const object = await objects.tryRead(id)
      if (object?.type !== 'commit' || !(await isLocalOnly(history, id as CommitId, (one) => known.has(one))))
        continue
      return new NotSharedError(session, 'it, or a session it was forked from, is marked as local.')
    }
    if (finder === undefined) return undefined
    const found: FoundSecret[] = []
    const request = { objects, refs: going, finder, memory, isKnown: (id: ObjectId) => known.has(id) }
    for await (const secret of scan(request)) if (found.push(secret) >= MOST) break
    return found.length === 0 ? undefined : new NotSharedError(session, described(session, found), found)
  }

/** What the remote has of these, as far as it saves looking: all commits, and what their newest trees hold. */
async function knownThere(history: History, ids: readonly ObjectId[]): Promise<Set<ObjectId>> {
  const commits: CommitId[] = []
  for (const id of ids)
    if ((await history.objects.tryRead(id))?.type === 'commit') commits.push(id as CommitId)
  const known = new Set<ObjectId>(await history.reachable(commits))
  const trees = await Promise.all(commits.map(async (id) => (await history.info(id)).tree))
  return reachableFrom(history.objects, trees, { into: known, tolerant: true })
}

function described(session: string, found: readonly FoundSecret[]): string {
  const places = found.map(
    ({ rule, message, where }) =>
      `rule ${rule} in ${message === undefined ? where : `message ${message} (${where})`}`,
  )
  return `it holds what looks like a secret: ${places.join('; ')}. 'forkpoint redact ${session}' takes it out; --allow lets it pass.`
}

/** So many are named. */
const MOST = 5
