/** Decides what may leave this machine, before anything is sent. */
import type { History } from '../../../checkpoints/commits/history.ts'
import { newCommits } from '../../../git/database/ancestry.ts'
import { commitsAmong } from '../../../git/database/peel.ts'
import type { ObjectId } from '../../../ids.ts'
import type { SecretFinder } from '../../../redaction/secrets.ts'
import { NotSharedError } from '../../../sync/error.ts'
import { isLocalOnly } from '../../../sync/local-only.ts'
import type { SharedSession } from '../../../sync/planning/shared-sessions.ts'
import { type CleanMemory, type FoundSecret, type ScanRequest, scan } from '../../scan/scan.ts'

/** @param finder finds the secrets to look for; `undefined`: look for none */
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
    const [tips, has] = [await commitsAmong(objects, going.values()), await commitsAmong(objects, there)]
    const fresh = new Set((await newCommits(objects, tips, has)).commits.map(([id]) => id))
    for (const id of tips) {
      if (await isLocalOnly(history, id, (one) => !fresh.has(one)))
        return new NotSharedError(session, 'it, or a session it was forked from, is marked as local.')
    }
    if (finder === undefined) return undefined
    const found: FoundSecret[] = []
    const request: ScanRequest = { objects, refs: going, finder, memory, has }
    for await (const secret of scan(request)) if (found.push(secret) >= MOST) break
    return found.length === 0 ? undefined : new NotSharedError(session, described(session, found), found)
  }

function described(session: string, found: readonly FoundSecret[]): string {
  const places = found.map(
    ({ rule, message, where }) =>
      `rule ${rule} in ${message === undefined ? where : `message ${message} (${where})`}`,
  )
  return `it holds what looks like a secret: ${places.join('; ')}. 'forkpoint redact ${session}' takes it out; --allow lets it pass.`
}

/** The most secrets that an error names. */
const MOST = 5
