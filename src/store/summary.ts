/** What `list` shows of sessions, in which order and on which page. */
import { ForkpointError, NotFoundError } from '../errors.ts'
import { MAIN } from '../ids.ts'
import { isJsonObject, type JsonObject } from '../json-value.ts'
import { isOfProject, type ProjectQuery } from '../workspace/project/query.ts'
import { parseCount } from './options/write-options.ts'
import { problemOf } from './problem.ts'
import type { Checkpoint, ListOptions, SessionSummary } from './session-store.ts'

/**
 * Returns the summary of a session.
 *
 * @param fields the top-level values of the newest state; collections may be missing
 * @param messages how many items the first collection of the newest state has
 */
export function summarize(
  session: { id: string; type: string; activeBranch: string },
  head: Pick<Checkpoint, 'id' | 'createdAt'>,
  fields: JsonObject,
  messages: number,
): SessionSummary {
  return {
    id: session.id,
    type: session.type,
    title: textOf(fields.title),
    status: textOf(fields.status),
    activeBranch: session.activeBranch,
    head: head.id,
    messages,
    createdAt: textOf(fields.createdAt) ?? head.createdAt,
    updatedAt: head.createdAt,
  }
}

/**
 * Returns the summary of an unreadable session from the values that are known. Throws `error` if it is not a forkpoint
 * error.
 */
export function unreadable(
  known: Pick<SessionSummary, 'id'> & Partial<SessionSummary>,
  error: unknown,
): SessionSummary {
  const problem = problemOf(error, known.id, known.head)
  return {
    type: '',
    title: undefined,
    status: undefined,
    activeBranch: MAIN,
    head: '',
    messages: 0,
    createdAt: '',
    updatedAt: '',
    ...known,
    problem,
  }
}

/** Throws TypeError for options of `list` that have the wrong type. */
export function checkListOptions(options: ListOptions = {}): void {
  const { order = 'updated', limit } = options
  if (order !== 'updated' && order !== 'id') throw new TypeError("'order' has to be 'updated' or 'id'")
  for (const name of ['prefix', 'type', 'after'] as const) {
    const value = options[name]
    if (value !== undefined && typeof value !== 'string') throw new TypeError(`'${name}' has to be text`)
  }
  parseCount('limit', limit)
}

/**
 * Returns the page of these sessions that the options ask for. Sessions that were saved at the same time are sorted by
 * id. Throws NotFoundError if the order is `updated` and the session `after` does not exist.
 */
export function pageOf<T extends Ordered>(summaries: readonly T[], options: ListOptions = {}): T[] {
  const { order = 'updated', prefix = '', type, after, limit } = options
  const fit = summaries
    .filter(
      (one) => one.id.startsWith(prefix) && (type === undefined || one.type === type || isOfAnyType(one)),
    )
    .sort((a, b) => (order === 'updated' ? compare(b.updatedAt, a.updatedAt) : 0) || compare(a.id, b.id))
  return fit.slice(startAfter(fit, order, after)).slice(0, limit)
}

/**
 * Filters the sessions of a project. Leaves out sessions that cannot be read, have another type, or were deleted
 * meanwhile.
 *
 * @param load loads a part of a session's state
 */
export async function* ofProject<T extends Pick<SessionSummary, 'id' | 'problem'>>(
  sessions: AsyncIterable<T>,
  { project, limit = Number.POSITIVE_INFINITY }: { project: ProjectQuery; limit: number | undefined },
  load: Load,
): AsyncGenerator<T> {
  let shown = 0
  if (limit === 0) return
  for await (const session of sessions) {
    if (session.problem !== undefined || !(await isOf(session.id, project, load))) continue
    yield session
    if (++shown >= limit) return
  }
}

type Load = (session: string, part: { last: number; events: boolean }) => Promise<unknown>

async function isOf(session: string, project: ProjectQuery, load: Load): Promise<boolean> {
  try {
    const fields = await load(session, { last: 1, events: false })
    return isJsonObject(fields) && isOfProject(fields, project)
  } catch (error) {
    if (error instanceof ForkpointError) return false
    throw error
  }
}

/** The values that sort and filter sessions. */
type Ordered = Pick<SessionSummary, 'id' | 'type' | 'updatedAt' | 'problem'>

const isOfAnyType = ({ type, problem }: Ordered): boolean => problem !== undefined && type === ''

function startAfter(fit: readonly Ordered[], order: string, after: string | undefined): number {
  if (after === undefined) return 0
  if (order === 'id') {
    const next = fit.findIndex(({ id }) => id > after)
    return next === -1 ? fit.length : next
  }
  const at = fit.findIndex(({ id }) => id === after)
  if (at === -1) throw new NotFoundError({ kind: 'session', id: after })
  return at + 1
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
