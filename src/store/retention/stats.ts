/** Numbers of each session: what it takes, what was said, what it cost. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { readFields } from '../../checkpoints/trees/documents.ts'
import { CorruptError } from '../../errors.ts'
import type { Repository } from '../../git/repository.ts'
import { type CommitId, parseSessionId, type SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { encodeName } from '../../ref-part.ts'
import { costOf, type Prices } from '../../view/cost.ts'
import { readUsage } from '../../view/usage.ts'
import { type Project, projectIn } from '../../workspace/project/query.ts'
import type { DocumentRules } from '../document.ts'
import { KnownSessions } from '../git/listing/known-sessions.ts'
import { listSessions } from '../git/listing/list.ts'
import type { MaintainOptions, SessionSummary } from '../session-store.ts'
import { bytesOfSessions, type SessionBytes } from './usage.ts'

/** A session and its numbers. */
export interface SessionStats extends SessionSummary {
  /** Whether it is archived. */
  archived?: true
  /** The folder that it works on, as far as its state says. */
  project: string | undefined
  /** What the repository of that folder says. */
  repository: Project
  checkpoints: number
  bytes: SessionBytes
  /** As its state counts them. */
  tokens: { input: number; output: number; total: number }
  /** What the tokens cost by the prices given; absent where the model has none. */
  cost?: number
}

export interface SessionStatsOptions {
  /** By the model's name, as states have it. */
  prices?: Prices | undefined
  onProgress?: MaintainOptions['onProgress']
}

interface Source {
  repository: Repository
  checkpoints: Checkpoints
  rules: DocumentRules
}

/** Of all sessions, the newest first, archived ones last. It walks over the whole store once. */
export async function* statsOfSessions(
  { repository, checkpoints, rules }: Source,
  { prices = {}, onProgress }: SessionStatsOptions = {},
): AsyncGenerator<SessionStats> {
  if (!(await checkpoints.openFinished())) return
  const { history } = checkpoints
  const bytes = await bytesOfSessions(history, (done, total) =>
    onProgress?.({ phase: 'measuring', done, total }),
  )
  const byPart = new Map([...bytes].map(([session, one]) => [encodeName(session), one]))
  for await (const summary of everySession({ repository, checkpoints, rules })) {
    const id = parseSessionId(summary.id)
    const fields = await fieldsOf(checkpoints, summary)
    const { workspace, model } = fields
    const tokens = tokensIn(fields.usage)
    const cost = costOf(
      { ...tokens, cached: cachedIn(fields.usage) },
      typeof model === 'string' ? model : undefined,
      prices,
    )
    yield {
      ...summary,
      project: typeof workspace === 'string' ? workspace : undefined,
      repository: projectIn(fields),
      checkpoints: await countOf(history, id).catch(nothingOf),
      bytes: byPart.get(encodeName(id)) ?? { own: 0, shared: 0 },
      tokens,
      ...(cost !== undefined && { cost }),
    }
  }
}

/** Those with refs of their own, then the archived ones; each the newest first. */
export async function* everySession({
  repository,
  checkpoints,
  rules,
}: Source): AsyncGenerator<SessionSummary & { archived?: true }> {
  const { history } = checkpoints
  yield* listSessions(history, {}, rules, new KnownSessions(repository, rules))
  const archived = listSessions(
    history,
    { archived: true },
    rules,
    new KnownSessions(repository, rules, true),
  )
  for await (const summary of archived) yield { ...summary, archived: true }
}

async function countOf(history: Checkpoints['history'], session: SessionId): Promise<number> {
  const tips = [...history.branches(session).values(), ...(await history.tags(session)).values()]
  return (await history.reachable(tips)).size
}

/** The values of a session that are no collections; none of one that cannot be read. */
export async function fieldsOf(
  { history, objects }: Checkpoints,
  { head, problem }: SessionSummary,
): Promise<JsonObject> {
  if (problem !== undefined) return {}
  const { tree } = await history.info(head as CommitId)
  return readFields(objects, tree)
}

function nothingOf(error: unknown): number {
  if (error instanceof CorruptError) return 0
  throw error
}

const cachedIn = (usage: unknown): number => readUsage(usage)?.cached ?? 0

function tokensIn(usage: unknown): SessionStats['tokens'] {
  const counts = (typeof usage === 'object' && usage !== null ? usage : {}) as Record<string, unknown>
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  const [input, output] = [number(counts.inputTokens), number(counts.outputTokens)]
  return { input, output, total: number(counts.totalTokens) || input + output }
}
