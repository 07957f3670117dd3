/** The sessions of a git store, without reading whole ones. */

import type { CommitInfo, History } from '../../checkpoints/commits/history.ts'
import { countItems, readFields } from '../../checkpoints/trees/documents.ts'
import type { BranchName, SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import type { DocumentRules } from '../document.ts'
import type { ListOptions, SessionSummary } from '../session-store.ts'
import { pageOf, summarize, unreadable } from '../summary.ts'

/** One commit a session is read to put them in order; the rest only for those that are shown. */
export async function* listSessions(
  history: History,
  options: ListOptions,
  own: Pick<DocumentRules, 'type' | 'collections'>,
): AsyncGenerator<SessionSummary> {
  const found = new Map<SessionSummary, Found>()
  const summaries: SessionSummary[] = []
  const broken = new Map<SessionId, unknown>()
  for (const [session, branches] of history.sessions((one, error) => broken.set(one, error))) {
    let tip = branches.values().next().value
    try {
      if (broken.has(session)) throw broken.get(session)
      const branch = history.active(session)
      tip = branches.get(branch) ?? tip
      if (tip === undefined) continue
      const head = await history.info(tip)
      const id = await history.fullName(session)
      const type = (await history.typeOf(tip)) ?? ''
      const summary = summaryOf({ id, type, branch, head }, {}, 0)
      found.set(summary, { id, type, branch, head })
      summaries.push(summary)
    } catch (error) {
      summaries.push(unreadable({ id: session, ...(tip !== undefined && { head: tip }) }, error))
    }
  }
  for (const light of pageOf(summaries, options)) {
    const one = found.get(light)
    yield one === undefined
      ? light
      : await summaryInFull(history, one, own).catch((error) => unreadable(light, error))
  }
}

async function summaryInFull(
  history: History,
  one: Found,
  own: Pick<DocumentRules, 'type' | 'collections'>,
): Promise<SessionSummary> {
  const fields = await readFields(history.repository.objects, one.head.tree)
  return summaryOf(one, fields, await countFirst(history, one, own))
}

interface Found {
  id: string
  type: string
  branch: BranchName
  head: CommitInfo
}

function summaryOf({ id, type, branch, head }: Found, fields: JsonObject, messages: number): SessionSummary {
  const checkpoint = { id: head.id, createdAt: new Date(head.time).toISOString() }
  return summarize({ id, type, activeBranch: branch }, checkpoint, fields, messages)
}

/** Items of the first collection; for types of other stores that is `messages`. */
function countFirst(
  { repository }: History,
  { type, head }: Found,
  own: Pick<DocumentRules, 'type' | 'collections'>,
): Promise<number> {
  const name = (type === own.type ? own.collections[0] : undefined) ?? 'messages'
  return countItems(repository.objects, head.tree, name)
}
