/** The sessions of a git store, without reading whole ones. */
import { type BranchName, type CommitId, MAIN, parseRef, type SessionId } from '../ids.ts'
import type { DocumentRules } from './document.ts'
import type { CommitInfo, GitHistory } from './git-history.ts'
import { countItems } from './git-line.ts'
import { readFields } from './git-reader.ts'
import type { JsonObject } from './json-value.ts'
import type { ListOptions, SessionSummary } from './session-store.ts'
import { pageOf, summarize, unreadable } from './summary.ts'

/** One commit a session is read to put them in order; the rest only for those that are shown. */
export async function* listSessions(
  history: GitHistory,
  options: ListOptions,
  own: Pick<DocumentRules, 'type' | 'collections'>,
): AsyncGenerator<SessionSummary> {
  const found = new Map<SessionSummary, Found>()
  const summaries: SessionSummary[] = []
  const { sessions, broken } = sessionsIn(history)
  for (const [session, branches] of sessions) {
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
  history: GitHistory,
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

/** Sessions with their branches, and those that have a ref that cannot be read. */
function sessionsIn(history: GitHistory) {
  const sessions = new Map<SessionId, Map<BranchName, CommitId>>()
  const broken = new Map<SessionId, unknown>()
  const refs = history.repository.refs.list('refs/heads/', (ref, error) => {
    // A folder of refs stands for what may be in it.
    const parsed = parseRef(ref) ?? parseRef(`${ref}/${MAIN}`)
    if (parsed === undefined || parsed.kind === 'reserved') return
    broken.set(parsed.session, error)
    sessions.set(parsed.session, sessions.get(parsed.session) ?? new Map())
  })
  for (const [ref, id] of refs) {
    const parsed = parseRef(ref)
    if (parsed?.kind !== 'branch') continue
    const branches = sessions.get(parsed.session) ?? new Map<BranchName, CommitId>()
    sessions.set(parsed.session, branches.set(parsed.name as BranchName, id as CommitId))
  }
  return { sessions, broken }
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
