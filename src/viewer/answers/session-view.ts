/** A session as a timeline: finds the line of checkpoints that is meant, with the statistics of its turns. */
import { NotFoundError } from '../../errors.ts'
import { beginning } from '../../excerpt.ts'
import type { Branch, Checkpoint } from '../../store/session-store.ts'
import { listOf, textAmong } from '../../view/fields.ts'
import { readRun } from '../../view/run.ts'
import type { RunInfo, SessionView } from '../wire.ts'
import { changesAt } from './file-changes.ts'
import type { Source } from './source.ts'
import { turnsOf } from './turns.ts'

export interface ViewOptions {
  /** Any revision. Default: the tip of the active branch. */
  at?: string | undefined
  /** Show the session as it was at the revision, instead of the current line through it. */
  exact?: boolean
}

/** Returns the view of a session. Throws NotFoundError, AmbiguousRevisionError, InvalidIdError. */
export async function sessionView(
  source: Source,
  session: string,
  { at = '', exact = false }: ViewOptions,
): Promise<SessionView> {
  const { store } = source
  const [branches, tags] = [await store.branches(session), await store.tags(session)]
  if (branches.length === 0) throw new NotFoundError({ kind: 'session', id: session })
  const { tip, focus, branch } = await lineThrough(source, session, { at, exact, branches })
  const log = await source.log(session, tip)
  const { document, items, runs } = await source.load(session, tip)
  const fields = document as unknown as Record<string, unknown>
  const { type, title, status, model } = fields
  const forkedFrom = log.find((checkpoint) => checkpoint.forkedFrom !== undefined)?.forkedFrom
  return {
    session,
    type: textAmong(type) ?? 'session',
    title: textAmong(title),
    status: textAmong(status),
    model: textAmong(model),
    branches,
    tags,
    tip,
    branch,
    focus,
    exact,
    turns: turnsOf(log, items, { prices: source.prices, model: textAmong(model) }),
    start: 0,
    messages: items.length,
    files: (await changesAt(store, session, tip)) !== undefined,
    runs: runs.map(runInfo),
    forkedFrom,
  }
}

/** Returns a run without its events. */
export function runInfo(run: Readonly<Record<string, unknown>>): RunInfo {
  const { prompt, ...read } = readRun(run)
  return { ...read, prompt: beginning(prompt, 400), events: listOf(run.events).length }
}

interface Line {
  tip: string
  focus: string
  branch: string | undefined
}

/** Most branches that are searched for a checkpoint that is not a tip. */
const MOST_BRANCHES = 50

async function lineThrough(
  source: Source,
  session: string,
  { at, exact, branches }: { at: string; exact: boolean; branches: readonly Branch[] },
): Promise<Line> {
  const named = branches.find(({ name, active }) => (at === '' ? active : name === at))
  if (named !== undefined && !exact) return { tip: named.head, focus: named.head, branch: named.name }
  const { id, branch: saved } = await source.store.checkpoint(session, at)
  const rank = ({ name, active }: Branch) => (active ? 0 : name === saved ? 1 : 2)
  const likely = [...branches].sort((a, b) => rank(a) - rank(b)).slice(0, MOST_BRANCHES)
  for (const { name, head } of exact ? [] : likely) {
    const turn = (await source.log(session, head)).find((one) => leadsTo(one, id))
    if (turn !== undefined) return { tip: head, focus: turn.id, branch: name }
  }
  return { tip: id, focus: id, branch: branches.find(({ head }) => head === id)?.name }
}

/** Whether a checkpoint is the wanted one, or the turn whose last step is the wanted one. */
const leadsTo = ({ id, parents }: Checkpoint, wanted: string): boolean =>
  id === wanted || parents[1] === wanted
