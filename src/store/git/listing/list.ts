/** Lists the sessions of a git store without reading whole sessions. */

import type { HeadListing } from '../../../checkpoints/commits/heads.ts'
import type { History } from '../../../checkpoints/commits/history.ts'
import { countItems, readFields } from '../../../checkpoints/trees/documents.ts'
import type { AnyRepository } from '../../../git/any-repository.ts'
import type { BranchName, CommitId, SessionId } from '../../../ids.ts'
import { isJsonObject } from '../../../json-value.ts'
import { TimeSlice } from '../../../time-slice.ts'
import type { DocumentRules } from '../../document.ts'
import type { ListOptions, SessionSummary } from '../../session-store.ts'
import { pageOf, summarize, unreadable } from '../../summary.ts'
import {
  type KnownSession,
  type ListedSession,
  parseShown,
  type SessionMemory,
  type Shown,
} from './known-session.ts'

type Own = Pick<DocumentRules, 'type' | 'collections'>

/**
 * Reads one commit per session to sort them, and the rest only of those that are shown. Reads nothing of a session
 * whose tip has not changed since the previous listing.
 */
export async function* listSessions(
  ...args: Parameters<typeof listWithFacts>
): AsyncGenerator<SessionSummary> {
  for await (const { summary } of listWithFacts(...args)) yield summary
}

/** As `listSessions`, with what policies need to know of each session. */
export async function* listWithFacts(
  history: History<AnyRepository>,
  options: ListOptions & { archived?: boolean | undefined; heads?: HeadListing },
  own: Own,
  before: SessionMemory,
): AsyncGenerator<ListedSession> {
  const listing = await listAll(history, before, options)
  try {
    for (const one of await readablePage(history, listing, options))
      yield 'tip' in one ? await inFull(history, one, own) : { summary: one }
  } finally {
    before.keep(listing.filter((one) => 'tip' in one))
  }
}

/** A session that can be sorted. */
interface Listed extends KnownSession {
  readonly branch: BranchName
  shown?: string | undefined
  isFresh: boolean
  readonly problem?: never
}

/** All sessions. Those that cannot be read are already summaries. */
type Listing = (Listed | SessionSummary)[]

async function listAll(
  history: History<AnyRepository>,
  before: SessionMemory,
  { archived: isArchived = false, heads }: { archived?: boolean | undefined; heads?: HeadListing },
): Promise<Listing> {
  const listing: Listing = []
  const broken = new Map<SessionId, unknown>()
  const slice = new TimeSlice()
  const activeOf = history.activeOfMany()
  const sessions = isArchived
    ? history.archivedSessions(undefined, heads)
    : history.sessions((one, error) => broken.set(one, error), heads)
  for (const [session, branches] of sessions) {
    if (slice.isOver()) await slice.next()
    let tip = branches.values().next().value
    try {
      if (broken.has(session)) throw broken.get(session)
      const branch = activeOf(session)
      tip = branches.get(branch) ?? tip
      if (tip === undefined) continue
      const known = before.find(session, tip) ?? (await read(history, session, tip))
      listing.push({ ...known, branch })
    } catch (error) {
      listing.push(unreadable({ id: session, ...(tip !== undefined && { head: tip }) }, error))
    }
  }
  return listing
}

/** Returns the page to show. A remembered session whose commit was lost since then becomes one with a problem. */
async function readablePage(
  history: History<AnyRepository>,
  listing: Listing,
  options: ListOptions,
): Promise<Listing> {
  const page = pageOf<Listed | SessionSummary>(listing, options)
  let isWhole = true
  for (const one of page) {
    if (!('tip' in one) || (await history.objects.has(one.tip))) continue
    isWhole = false
    await history.info(one.tip).catch((error) => {
      listing[listing.indexOf(one)] = unreadable({ id: one.session, head: one.tip }, error)
    })
  }
  return isWhole ? page : readablePage(history, listing, options)
}

async function read(
  history: History<AnyRepository>,
  session: SessionId,
  tip: CommitId,
): Promise<KnownSession> {
  const { time } = await history.info(tip)
  const id = await history.fullName(session)
  const type = (await history.typeOf(tip)) ?? ''
  return { session, tip, id, type, updatedAt: new Date(time).toISOString(), isFresh: true }
}

async function inFull(history: History<AnyRepository>, one: Listed, own: Own): Promise<ListedSession> {
  const known = parseShown(one.shown)
  if (known !== undefined) return listedOf(one, known)
  try {
    const shown = await readShown(history, one, own)
    one.shown = JSON.stringify(shown)
    one.isFresh = true
    return listedOf(one, shown)
  } catch (error) {
    return { summary: unreadable(summaryOf(one), error) }
  }
}

const listedOf = (one: Listed, shown: Shown): ListedSession => ({
  summary: summaryOf(one, shown),
  workspace: shown.workspace,
  keep: shown.keep,
})

async function readShown(
  history: History<AnyRepository>,
  { tip, id, type, updatedAt }: Listed,
  own: Own,
): Promise<Shown> {
  const { tree } = await history.info(tip)
  const fields = await readFields(history.objects, tree)
  // Counts items of the first collection; for the types of other stores, of `messages`.
  const collection = (type === own.type ? own.collections[0] : undefined) ?? 'messages'
  const count = await countItems(history.objects, tree, collection)
  const checkpoint = { id: tip, createdAt: updatedAt }
  const { title, status, messages, createdAt } = summarize(
    { id, type, activeBranch: '' },
    checkpoint,
    fields,
    count,
  )
  const { workspace, metadata } = fields
  return {
    ...{ title, status, messages, createdAt },
    ...(typeof workspace === 'string' && { workspace }),
    ...(isJsonObject(metadata) && metadata.keep === true && { keep: true }),
  }
}

function summaryOf({ branch, tip, id, type, updatedAt }: Listed, shown?: Shown): SessionSummary {
  const { title, status, messages = 0, createdAt = updatedAt } = shown ?? {}
  return { id, type, title, status, activeBranch: branch, head: tip, messages, createdAt, updatedAt }
}
