/** Decides what may leave this machine, before anything is sent. */
import type { History } from '../../../checkpoints/commits/history.ts'
import { readTombstones } from '../../../checkpoints/tombstones/tombstone.ts'
import { newCommits } from '../../../git/database/ancestry.ts'
import { commitsAmong } from '../../../git/database/peel.ts'
import { type CommitId, type ObjectId, parseRef, type SessionId } from '../../../ids.ts'
import type { SecretFinder } from '../../../redaction/secrets.ts'
import { NotSharedError } from '../../../sync/error.ts'
import { isLocalOnly } from '../../../sync/local-only.ts'
import type { SharedSession } from '../../../sync/planning/shared-sessions.ts'
import { type CleanMemory, type FoundSecret, type ScanRequest, scan } from '../../scan/scan.ts'

/** @param finder finds the secrets to look for; `undefined`: look for none */
export const gate =
  (history: History, finder: SecretFinder | undefined, memory: CleanMemory | undefined) =>
  async ({ session, refs, gone }: SharedSession): Promise<NotSharedError | undefined> => {
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
    // The remote knows the names of what it has or had.
    const isKnown = gone.remote !== undefined || [...refs.values()].some(({ remote }) => remote !== undefined)
    const found = isKnown ? [] : await inDeletedNames(history, finder, session, gone.local)
    const request: ScanRequest = { objects, refs: going, finder, memory, has }
    if (found.length < MOST) for await (const secret of scan(request)) if (found.push(secret) >= MOST) break
    return found.length === 0 ? undefined : new NotSharedError(session, described(session, found), found)
  }

/** The secrets in the names that a tombstone holds. */
async function inDeletedNames(
  history: History,
  finder: SecretFinder,
  session: SessionId,
  tombstone: CommitId | undefined,
): Promise<FoundSecret[]> {
  if (tombstone === undefined) return []
  const tips = (await readTombstones(history, tombstone)).flatMap(({ tips }) => tips)
  const names = new Set([session, ...tips.flatMap(([ref]) => parseRef(`refs/${ref}`)?.name ?? [])])
  const found: FoundSecret[] = []
  const place = { session: undefined, ref: '', checkpoint: undefined, message: undefined, excerpt: '' }
  for (const name of names)
    for (const finding of await finder.find(name))
      if (!finder.allows(finding, []))
        found.push({ ...place, where: 'name of what was deleted', rule: finding.rule })
  return found.slice(0, MOST)
}

function described(session: string, found: readonly FoundSecret[]): string {
  const places = found.map(
    ({ rule, message, where }) =>
      `rule ${rule} in ${message === undefined ? where : `message ${message} (${where})`}`,
  )
  return `it holds what looks like a secret: ${[...new Set(places)].join('; ')}. 'forkpoint redact ${session}' takes it out; --allow lets it pass.`
}

/** The most secrets that an error names. */
const MOST = 5
