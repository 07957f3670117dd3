import { isObjectId } from '../../ids.ts'
import type { Checkpoint, StateDiff, StoredDocument } from '../../store/session-store.ts'
import { defaultBody } from '../../store/subject.ts'
import { listOf, objectOf } from '../../view/fields.ts'
import { type SubAgent, subAgentsOf } from '../../view/sub-agents.ts'
import { checkpointDetails } from '../../view/terminal/checkpoint.ts'
import { diffLines } from '../../view/terminal/difference.ts'
import { bold, count, dim, type Line, line, yellow } from '../../view/terminal/line.ts'
import { type MessageStyle, messageLines, subAgentLines } from '../../view/terminal/message.ts'
import { patchLines } from '../../view/terminal/patch.ts'
import { valueText } from '../../view/terminal/value.ts'
import { changesAt } from '../../viewer/answers/file-changes.ts'
import { namedRef } from '../named-ref.ts'
import { pricesOf } from '../prices.ts'
import type { AnyStore } from '../stores.ts'
import { type AddVerb, examples, PRICES, REVISION, wholeNumber } from '../verb.ts'
import { LineStat, statLines } from './reading/turn-stat.ts'
import { changeLines } from './workspace/changes.ts'

interface Options {
  last?: number
  all?: boolean
  full?: boolean
  stat?: boolean
  patch?: boolean
  prices?: string
}

/**
 * `forkpoint show`: JSON of `{ checkpoint, rewritten?, ref?, files?, state, foreign?, changes?, stat?, patch? }`;
 * `changes`: a StateDiff of what a checkpoint of another tool changed.
 */
export const addShow: AddVerb = (program, run) => {
  program
    .command('show')
    .description('show a checkpoint, the messages of its turn, and the files that the turn changed')
    .argument('<session>', REVISION)
    .option('--all', 'show all messages up to the checkpoint')
    .option('--last <number>', 'show this many messages, counted from the end', wholeNumber)
    .option('--full', 'show long texts, tool calls, results and what sub-agents said completely')
    .option('--patch', 'also show what the turn changed in the files, as a patch')
    .option('--stat', 'only what the turn took: messages, tool calls, tokens, time, and the files it changed')
    .option(...PRICES)
    .addHelpText(
      'after',
      examples(
        'show demo',
        'show demo/main~3 --all | less',
        'show demo --patch',
        'show demo --json | jq .state.config',
      ),
    )
    .action(
      run(async ({ out, stores, env }, place: string, options: Options) => {
        const { session, at = '' } = await stores.find(place)
        const store = await stores.ofTypeOf(session)
        const checkpoint = await store.checkpoint(session, at)
        const state = await store.load(session, { at: checkpoint.id })
        const foreign = await stores.foreignIn(checkpoint.id)
        const ref = await namedRef(store, session, at)
        const files = await changesAt(stores.existing, session, checkpoint.id)
        const isRewritten = isObjectId(at.toLowerCase()) && checkpoint.id !== at.toLowerCase()
        const changes = await changesByOthers(store, session, checkpoint)
        const patch =
          options.patch === true && files !== undefined
            ? await stores.existing.files('.').patch(session, checkpoint.id)
            : undefined
        const sums =
          options.stat === true
            ? (await LineStat.at(stores, session, checkpoint.id, pricesOf(options.prices, env))).of(
                checkpoint,
              )
            : undefined
        if (out.json) {
          return out.document({
            checkpoint,
            rewritten: isRewritten ? at : undefined,
            ref,
            files,
            state,
            foreign: foreign.length > 0 ? foreign : undefined,
            changes: changes && { ...changes, patch: undefined },
            stat: sums,
            patch,
          })
        }
        out.page(env)
        const names = { branches: await store.branches(session), tags: await store.tags(session) }
        const full = options.full === true
        await out.lines(checkpointDetails(withoutEcho(checkpoint, state), names, ref))
        if (sums !== undefined) await out.lines([line``, ...statLines(sums, files)])
        else {
          if (files !== undefined) await out.lines(changeLines(files))
          if (changes !== undefined && options.all !== true && options.last === undefined)
            await out.lines([line``, bold('changed by another tool'), ...diffLines(changes, { full })])
          else await out.lines(stateLines(state, checkpoint, options))
        }
        if (patch !== undefined && patch !== '') await out.lines([line``, ...patchLines(patch)])
        if (options.patch === true && files === undefined)
          await out.note(
            line`${yellow('note:')} no files were saved with this checkpoint, so it has no patch`,
          )
        if (isRewritten)
          await out.note(line`${yellow('note:')} ${at} was rewritten, and is this checkpoint now`)
        if (checkpoint.kind === 'foreign' && checkpoint.parents.length > 1) {
          const parents = checkpoint.parents.map((id) => id.slice(0, 7)).join(' and ')
          await out.note(
            line`${yellow('note:')} merged by another tool from ${parents}: what it holds may be of both`,
          )
        }
        if (foreign.length > 0) {
          const names = foreign.slice(0, 10).join(', ')
          const more = foreign.length > 10 ? `, and ${foreign.length - 10} more` : ''
          await out.note(
            line`${yellow('note:')} also in this checkpoint, not written by forkpoint: ${names}${more}`,
          )
        }
      }),
    )
}

/** Returns what a checkpoint of another tool changed; `undefined` for forkpoint's own, which record what they added. */
async function changesByOthers(
  store: AnyStore,
  session: string,
  { id, kind, parents }: Checkpoint,
): Promise<StateDiff | undefined> {
  const [parent] = parents
  return kind === 'foreign' && parent !== undefined ? store.diff(session, parent, id) : undefined
}

/** Removes the body if it only repeats the messages that are shown below it. */
function withoutEcho(checkpoint: Checkpoint, state: StoredDocument | undefined): Checkpoint {
  const { kind, body, messages: added } = checkpoint
  const { messages } = objectOf(state)
  if (!Array.isArray(messages) || added === undefined) return checkpoint
  const echo = defaultBody(kind, messages.slice(added.from, added.to + 1))
  return body === echo ? { ...checkpoint, body: '' } : checkpoint
}

function* stateLines(
  state: StoredDocument | undefined,
  checkpoint: Checkpoint,
  { all = false, last, full = false }: Options,
): Generator<Line> {
  const { messages, ...rest } = objectOf(state)
  if (!Array.isArray(messages)) {
    yield line``
    yield* fieldLines(rest, full)
    return
  }
  const { from, to } = shown(messages.length, checkpoint, { all, last })
  if (from > 0) {
    yield line``
    yield dim(`${count(from, 'earlier message')}: --all shows them`)
  }
  const agents = subAgentsOf(listOf(rest.runs))
  const style: MessageStyle = { full, agents: byCall(agents) }
  for (let index = from; index <= to; index++) {
    yield line``
    yield* messageLines(messages[index], index, style)
  }
  // It is not known which call started these, so those of the checkpoint's run are shown at the end.
  for (const agent of agents) {
    if (agent.call !== undefined || (!all && agent.run !== checkpoint.run)) continue
    yield line``
    yield* subAgentLines(agent, style)
  }
}

function byCall(agents: readonly SubAgent[]): Map<string, SubAgent[]> {
  const calls = new Map<string, SubAgent[]>()
  for (const agent of agents)
    if (agent.call !== undefined) calls.set(agent.call, [...(calls.get(agent.call) ?? []), agent])
  return calls
}

/** Returns which messages are shown: those of the checkpoint, unless the options say otherwise. */
function shown(
  total: number,
  { messages }: Checkpoint,
  { all, last }: { all: boolean; last: number | undefined },
): { from: number; to: number } {
  const end = total - 1
  if (all) return { from: 0, to: end }
  if (last !== undefined) return { from: Math.max(0, total - last), to: end }
  return messages === undefined
    ? { from: total, to: end }
    : { from: messages.from, to: Math.min(messages.to, end) }
}

/** Shows a document without messages: its fields, and the lengths of its lists. */
function* fieldLines(fields: Record<string, unknown>, full: boolean): Generator<Line> {
  for (const [name, value] of Object.entries(fields)) {
    const text =
      Array.isArray(value) && !full
        ? count(value.length, 'item')
        : valueText(value, full ? Number.POSITIVE_INFINITY : 100)
    yield line`${dim(`${name}: `)}${text}`
  }
}
