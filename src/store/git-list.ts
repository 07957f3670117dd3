/** The sessions of a git store, without reading whole ones. */
import { type BranchName, type CommitId, parseRef, type SessionId } from '../ids.ts'
import type { DocumentRules } from './document.ts'
import type { CommitInfo, GitHistory } from './git-history.ts'
import { countItems } from './git-line.ts'
import { readFields } from './git-reader.ts'
import type { JsonObject } from './json-value.ts'
import type { ListOptions, SessionSummary } from './session-store.ts'
import { pageOf, summarize } from './summary.ts'

/** One commit a session is read to put them in order; the rest only for those that are shown. */
export async function* listSessions(
  history: GitHistory,
  options: ListOptions,
  own: Pick<DocumentRules, 'type' | 'collections'>,
): AsyncGenerator<SessionSummary> {
  const found = new Map<SessionSummary, Found>()
  for (const [session, branches] of sessionsIn(history)) {
    const branch = history.active(session)
    const tip = branches.get(branch) ?? branches.values().next().value
    if (tip === undefined) continue
    const head = await history.info(tip)
    const id = await history.fullName(session)
    const type = (await history.typeOf(tip)) ?? ''
    found.set(summaryOf({ id, type, branch, head }, {}, 0), { id, type, branch, head })
  }
  for (const light of pageOf([...found.keys()], options)) {
    const one = found.get(light)!
    const { objects } = history.repository
    const fields = await readFields(objects, one.head.tree)
    yield summaryOf(one, fields, await countFirst(history, one, own))
  }
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

/** Sessions with their branches. */
function sessionsIn(history: GitHistory): Map<SessionId, Map<BranchName, CommitId>> {
  const sessions = new Map<SessionId, Map<BranchName, CommitId>>()
  for (const [ref, id] of history.repository.refs.list('refs/heads/')) {
    const parsed = parseRef(ref)
    if (parsed?.kind !== 'branch') continue
    const branches = sessions.get(parsed.session) ?? new Map<BranchName, CommitId>()
    sessions.set(parsed.session, branches.set(parsed.name as BranchName, id as CommitId))
  }
  return sessions
}

/** Items of the first collection; for types of other stores that is `messages`. */
function countFirst(
  { repository }: GitHistory,
  { type, head }: Found,
  own: Pick<DocumentRules, 'type' | 'collections'>,
): Promise<number> {
  const name = (type === own.type ? own.collections[0] : undefined) ?? 'messages'
  return countItems(repository.objects, head.tree, name)
}
