/** Statistics of each session: bytes, messages, tokens, cost. */
import type { Checkpoints } from '../../checkpoints/checkpoints.ts'
import { readFields } from '../../checkpoints/trees/documents.ts'
import { type CommitId, parseSessionId } from '../../ids.ts'
import type { JsonObject } from '../../json-value.ts'
import { encodeName } from '../../ref-part.ts'
import { costOf, type Prices } from '../../view/cost.ts'
import { readUsage } from '../../view/usage.ts'
import { type Project, projectIn } from '../../workspace/project/query.ts'
import type { ListedSession } from '../git/listing/known-session.ts'
import { KnownSessions } from '../git/listing/known-sessions.ts'
import { listWithFacts } from '../git/listing/list.ts'
import type { MaintainOptions, SessionSummary } from '../session-store.ts'
import type { Source } from './source.ts'
import { type SessionBytes, usageOfSessions } from './usage.ts'

/** A session and its statistics. */
export interface SessionStats extends SessionSummary {
  /** Present if it is archived. */
  archived?: true
  /** The folder that it works on, if its state names one. */
  project: string | undefined
  /** The git repository of that folder, as recorded in the state. */
  repository: Project
  checkpoints: number
  bytes: SessionBytes
  /** Tokens as its state counts them. */
  tokens: { input: number; output: number; total: number }
  /** Cost of the tokens by the given prices; absent if they do not have the model. */
  cost?: number
}

export interface SessionStatsOptions {
  /** Prices by the model's name, as states contain it. */
  prices?: Prices | undefined
  onProgress?: MaintainOptions['onProgress']
}

/** Yields the statistics of all sessions, newest first, archived sessions last. It reads the whole store, unless nothing has changed since the last call. */
export async function* statsOfSessions(
  { repository, checkpoints, rules }: Source,
  { prices = {}, onProgress }: SessionStatsOptions = {},
): AsyncGenerator<SessionStats> {
  if (!(await checkpoints.openFinished())) return
  const { history } = checkpoints
  const usage = await usageOfSessions(history, (done, total) =>
    onProgress?.({ phase: 'measuring', done, total }),
  )
  const byPart = new Map([...usage].map(([session, one]) => [encodeName(session), one]))
  for await (const { summary, isArchived } of everySession({ repository, checkpoints, rules })) {
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
      ...(isArchived && { archived: true }),
      project: typeof workspace === 'string' ? workspace : undefined,
      repository: projectIn(fields),
      ...(byPart.get(encodeName(id)) ?? { checkpoints: 0, bytes: { own: 0, shared: 0 } }),
      tokens,
      ...(cost !== undefined && { cost }),
    }
  }
}

/** Lists the sessions with refs of their own, then the archived ones; both newest first. */
export async function* everySession(
  { repository, checkpoints: { history }, rules }: Source,
  heads = history.listHeads(),
): AsyncGenerator<ListedSession & { isArchived: boolean }> {
  for (const isArchived of [false, true]) {
    if (isArchived && history.archives.all(() => undefined).length === 0) return
    const memory = new KnownSessions(repository, rules, isArchived)
    for await (const one of listWithFacts(history, { archived: isArchived, heads }, rules, memory))
      yield { ...one, isArchived }
  }
}

/** Returns the values of a session that are not collections; an empty object if the session cannot be read. */
async function fieldsOf(
  { history, objects }: Checkpoints,
  { head, problem }: SessionSummary,
): Promise<JsonObject> {
  if (problem !== undefined) return {}
  const { tree } = await history.info(head as CommitId)
  return readFields(objects, tree)
}

const cachedIn = (usage: unknown): number => readUsage(usage)?.cached ?? 0

function tokensIn(usage: unknown): SessionStats['tokens'] {
  const counts = (typeof usage === 'object' && usage !== null ? usage : {}) as Record<string, unknown>
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  const [input, output] = [number(counts.inputTokens), number(counts.outputTokens)]
  return { input, output, total: number(counts.totalTokens) || input + output }
}
