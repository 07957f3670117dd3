/** Numbers of each session: what it takes, what was said, what it cost. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { readFields } from '../../checkpoints/trees/documents.ts'
import { CorruptError } from '../../errors.ts'
import type { Repository } from '../../git/repository.ts'
import { type CommitId, parseSessionId, type SessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { encodeName } from '../../ref-part.ts'
import { type Project, projectIn } from '../../workspace/project/query.ts'
import type { DocumentRules } from '../document.ts'
import { KnownSessions } from '../git/listing/known-sessions.ts'
import { listSessions } from '../git/listing/list.ts'
import type { MaintainOptions, SessionSummary } from '../session-store.ts'
import { bytesOfSessions, type SessionBytes } from './usage.ts'

/** A session and its numbers. */
export interface SessionStats extends SessionSummary {
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

/** What a model's tokens cost: a million of them. */
export interface ModelPrice {
  input: number
  output: number
}

export interface SessionStatsOptions {
  /** By the model's name, as states have it. */
  prices?: Readonly<Record<string, ModelPrice>> | undefined
  onProgress?: MaintainOptions['onProgress']
}

interface Source {
  repository: Repository
  checkpoints: Checkpoints
  rules: DocumentRules
}

/** Of all sessions, the newest first. It walks over the whole store once. */
export async function* statsOfSessions(
  { repository, checkpoints, rules }: Source,
  { prices = {}, onProgress }: SessionStatsOptions = {},
): AsyncGenerator<SessionStats & { fields: JsonObject }> {
  if (!(await checkpoints.openFinished())) return
  const { history } = checkpoints
  const bytes = await bytesOfSessions(repository, (done, total) =>
    onProgress?.({ phase: 'measuring', done, total }),
  )
  const byPart = new Map([...bytes].map(([session, one]) => [encodeName(session), one]))
  for await (const summary of listSessions(history, {}, rules, new KnownSessions(repository, rules))) {
    const id = parseSessionId(summary.id)
    const fields = await fieldsOf(checkpoints, summary)
    const { workspace, model } = fields
    const tokens = tokensIn(fields.usage)
    const price = typeof model === 'string' && Object.hasOwn(prices, model) ? prices[model] : undefined
    yield {
      ...summary,
      project: typeof workspace === 'string' ? workspace : undefined,
      repository: projectIn(fields),
      checkpoints: await countOf(history, id).catch(nothingOf),
      bytes: byPart.get(encodeName(id)) ?? { own: 0, shared: 0 },
      tokens,
      ...(price && { cost: (tokens.input * price.input + tokens.output * price.output) / 1e6 }),
      fields,
    }
  }
}

async function countOf(history: Checkpoints['history'], session: SessionId): Promise<number> {
  const tips = [...history.branches(session).values(), ...(await history.tags(session)).values()]
  return (await history.reachable(tips)).size
}

async function fieldsOf(
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

function tokensIn(usage: unknown): SessionStats['tokens'] {
  const counts = (typeof usage === 'object' && usage !== null ? usage : {}) as Record<string, unknown>
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  const [input, output] = [number(counts.inputTokens), number(counts.outputTokens)]
  return { input, output, total: number(counts.totalTokens) || input + output }
}
