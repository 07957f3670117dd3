/** Before anything leaves the machine: which refs lead to a secret that the other side does not have yet. */

import type { ObjectId, RefName } from '../../ids.ts'
import { type CleanMemory, type FoundSecret, type ScanRequest, scan } from './scan.ts'

/**
 * The secrets that sending these refs would send, by ref; a ref that may go is not among them. Commits, tags, names of
 * refs and files, documents as the codec decodes them, streamed texts and other files are looked at, as far as `has` does
 * not lead to them. An object that several refs lead to counts for each of them.
 *
 *     const finder = secretFinder({ allow })
 *     const secrets = await secretsToSend({ objects, finder, refs: new Map([['refs/heads/demo/main', tip]]), has: [lastSeen] })
 *
 * @throws CorruptError for an object that is damaged or missing
 */
export async function secretsToSend(
  request: ScanRequest & { refs: ReadonlyMap<RefName, ObjectId> },
): Promise<Map<RefName, FoundSecret[]>> {
  const secrets = new Map<RefName, FoundSecret[]>()
  if (!(await holdsSecret(request))) return secrets
  // Only now is it worth the time to look at each ref alone.
  const memory: CleanMemory = request.memory ?? new Set<string>()
  for (const [ref, id] of request.refs) {
    const own: FoundSecret[] = []
    for await (const found of scan({ ...request, memory, refs: new Map([[ref, id]]) })) own.push(found)
    if (own.length > 0) secrets.set(ref, own)
  }
  return secrets
}

async function holdsSecret(request: ScanRequest): Promise<boolean> {
  for await (const _ of scan(request)) return true
  return false
}
