/** One turn of a session, from its prompt to its checkpoint. */
import { ConflictError, NotFoundError } from '../../errors.ts'
import { cut } from '../../excerpt.ts'
import { isSameName } from '../../ref-part.ts'
import { newMessage, newRun, type RunEvent } from '../../state/index.ts'
import type { Checkpoint } from '../../store/session-store.ts'
import { withTurn } from '../errors.ts'
import { MAY_HAVE_RUN } from '../history/open-calls.ts'
import type { Decisions } from '../permissions/asking.ts'
import type { ParsedPrompt } from '../prompt.ts'
import { infoOf } from './draft.ts'
import type { Host } from './host.ts'
import { Judge } from './judge.ts'
import { keepFiles, type OpenSession, saveStep, type TurnContext } from './open-session.ts'
import { errorData, Recorder } from './recorder.ts'
import { leftCalls, pendingOf, resumableRun } from './recovery.ts'
import type { TurnResult } from './result.ts'
import type { SaveOptions } from './saver.ts'
import { runTurn, textOfRun } from './step-loop.ts'
import { ToolRunner } from './tool-runner.ts'

export type TurnStart = ParsedPrompt | { resume: string; decisions: Decisions }

/** Runs the turn, and saves it as the session's options say. */
export async function takeTurn(asked: TurnStart, context: TurnContext): Promise<TurnResult> {
  await checkPosition(context)
  const { autoSave, draft, host } = context
  // Masked before anything is cut: half a secret would not be found.
  const start = host.scrubber.value(asked)
  const { recorder, runner } = 'prompt' in start ? begin(start, context) : resume(start, context)
  const run = recorder.run
  context.begun(run)
  draft.set({ status: 'running' })
  let failure: { error: unknown } | undefined
  try {
    // Changes that the user made since the last turn do not belong to this turn.
    await keepFiles(context, 'before the turn')
    await saveStep(context, 'prompt' in start ? subjectOf(start.prompt) : 'go on')
    await runTurn(context, recorder, runner)
  } catch (error) {
    failure = { error }
    recorder.end('failed', { error: errorData(error, host.scrubber) })
  }
  const { prompt, status } = recorder.info
  draft.set({ status: status === 'waiting' ? 'waiting' : 'idle' })
  let checkpoint: Checkpoint | undefined
  try {
    if (autoSave !== false) checkpoint = await saveTurn(context, { subject: subjectOf(prompt) }, host)
  } catch (error) {
    throw withTurn(error, resultOf(context, run, undefined))
  }
  const result = resultOf(context, run, checkpoint)
  if (failure !== undefined) throw withTurn(failure.error, result)
  return result
}

/** Saves the current state as a turn; `undefined` without a store. */
export const saveTurn = async (
  { saver }: Pick<OpenSession, 'saver'>,
  options: SaveOptions,
  { scrubber }: Pick<Host, 'scrubber'>,
): Promise<Checkpoint | undefined> => saver?.turn(scrubber.value(options))

/** The first line of a prompt, short enough for a commit's subject. */
export function subjectOf(prompt: string): string {
  const line = prompt.trim().split('\n', 1)[0]!.trim()
  return cut(line, WIDTH)
}

const WIDTH = 72

/** Throws NotFoundError. */
export function runEventsOf({ draft }: OpenSession, id: string, after = -1): RunEvent[] {
  const run = draft.run(id)
  if (run === undefined) throw new NotFoundError({ kind: 'run', id, session: draft.state.id })
  return run.events.filter(({ sequence }) => sequence > after)
}

/**
 * A session at an older checkpoint cannot save to the branch that has moved on: this is checked before the model is
 * called. Throws ConflictError.
 */
async function checkPosition({ autoSave, request, saver }: TurnContext): Promise<void> {
  const { at, id, onConflict, sessionStore: store } = request
  if (at === undefined || store === undefined || saver?.checkpoint === undefined) return
  if (autoSave === false || onConflict === 'branch' || !store.supports.branches) return
  const { branch } = saver
  const tip = (await store.branches(id)).find(
    ({ name }) => branch !== undefined && isSameName(name, branch),
  )?.head
  if (tip === undefined || tip === saver.checkpoint.id) return
  throw new ConflictError(
    { session: id, branch: branch!, expected: saver.checkpoint.id, actual: tip },
    `Session '${id}' already continues after ${at} on ${branch}. Name a new branch to continue from there: resumeSession('${id}', { at: '${at}', branch: '…' }), or pass onConflict: 'branch'.`,
  )
}

function begin({ prompt, parts }: ParsedPrompt, context: TurnContext) {
  const { draft, host, model } = context
  settleLeft(context)
  const now = host.now()
  const run = newRun(prompt, { model: model.ref }, now)
  draft.addRun(run)
  const tools = toolsOf(run.id, context, {}, new Set())
  tools.recorder.add({ type: 'run-start', prompt, model: model.ref })
  draft.addMessage(newMessage('user', prompt, { run: run.id, ...(parts && { parts }) }, now))
  if (draft.state.title === undefined) draft.set({ title: subjectOf(prompt) })
  return tools
}

function resume({ resume: id, decisions }: { resume: string; decisions: Decisions }, context: TurnContext) {
  const { draft } = context
  const run = resumableRun(draft.state, id)
  const { started, unstarted } = leftCalls(draft.state)
  const waiting = pendingOf(run)
  const unknown = Object.keys(decisions).filter((call) => !unstarted.some((one) => one.call === call))
  if (unknown.length > 0) {
    const known = unstarted.map(({ call, tool }) => `${call} (${tool})`).join(', ') || 'none'
    throw new TypeError(`No call ${unknown.join(', ')} waits for a decision; these do: ${known}`)
  }
  const tools = toolsOf(id, context, decisions, new Set(waiting.map(({ call }) => call)))
  tools.recorder.resume(run.status)
  for (const call of started) tools.runner.interrupted(call, MAY_HAVE_RUN)
  return tools
}

/** Gives every open call of an earlier run a result, so that the next model call is valid. */
function settleLeft(context: TurnContext): void {
  const { draft } = context
  const run = draft.lastRun
  const { started, unstarted } = leftCalls(draft.state)
  if (run !== undefined && (started.length > 0 || unstarted.length > 0)) {
    const { runner } = toolsOf(run.id, context, {}, new Set())
    for (const call of started) runner.interrupted(call, MAY_HAVE_RUN)
    for (const call of unstarted) runner.abandon(call, 'not run: the conversation continued without it')
  }
  if (run?.status === 'waiting') toolsOf(run.id, context, {}, new Set()).recorder.abandon()
}

function toolsOf(run: string, context: TurnContext, decisions: Decisions, deferred: ReadonlySet<string>) {
  const { draft, host, listen, request } = context
  const { now, scrubber } = host
  const { storeDeltas = false } = request
  const recorder = new Recorder({ draft, run, scrubber, now, storeDeltas, listen })
  const judge = new Judge(context, decisions, deferred)
  return { recorder, runner: new ToolRunner(context, recorder, judge) }
}

function resultOf(
  { draft, saver, snapshots }: OpenSession,
  id: string,
  checkpoint: Checkpoint | undefined,
): TurnResult {
  const run = draft.run(id)!
  const branched = saver?.takeBranched()
  const filesProblem = snapshots.takeProblem()
  return {
    text: textOfRun(draft, id),
    run: infoOf(run),
    usage: run.usage ?? {},
    checkpoint,
    pending: run.status === 'waiting' ? pendingOf(run) : [],
    filesProblem,
    branched,
  }
}
