import { namesAt } from '../../view/checkpoint.ts'
import { checkpointLine } from '../../view/terminal/checkpoint.ts'
import { dim, line } from '../../view/terminal/line.ts'
import { indented } from '../../view/terminal/value.ts'
import { changesAt } from '../../viewer/answers/file-changes.ts'
import { UsageError } from '../exit-codes.ts'
import { pricesOf } from '../prices.ts'
import { type AddVerb, ALLOWED_SIGNERS, examples, PRICES, REVISION, wholeNumber } from '../verb.ts'
import { type DrawnTurn, graphLines, treeOf } from './reading/branch-graph.ts'
import { LineStat, statLines } from './reading/turn-stat.ts'

interface Options {
  limit?: number
  graph?: boolean
  stat?: boolean
  steps?: boolean
  prices?: string
  allowedSigners?: string
}

/**
 * `forkpoint log`: JSON lines of Checkpoint, each with `heads` (branches whose tip it is), `tags` and, if it is signed,
 * `signature`; with `--stat` also `stat` (TurnSums) and, if files were saved, `files`.
 */
export const addLog: AddVerb = (program, run) => {
  program
    .command('log')
    .description('show the checkpoints of a session, newest first, one per turn')
    .argument('<session>', REVISION)
    .option('-n, --limit <number>', 'at most this many', wholeNumber)
    .option('--graph', 'all branches of the session, with where they part')
    .option('--stat', 'what each turn took: messages, tool calls, tokens, time, and the files it changed')
    .option('--steps', 'also the checkpoints inside turns')
    .option(...PRICES)
    .option(...ALLOWED_SIGNERS)
    .addHelpText('after', examples('log demo', 'log demo --graph', 'log demo/try-postgres~2 -n 5 --stat'))
    .action(
      run(async ({ out, stores, env }, place: string, options: Options) => {
        const { limit, graph, stat, steps = false, allowedSigners } = options
        const { store, session, at } = await stores.find(place)
        if (graph === true && at !== undefined)
          throw new UsageError(`--graph draws all branches of a session. Name the session alone: ${session}`)
        if (graph === true && steps) throw new UsageError('--graph draws turns. Leave out --steps.')
        const names = { branches: await store.branches(session), tags: await store.tags(session) }
        const prices = pricesOf(options.prices, env)
        out.page(env)
        const statAt = (revision: string | undefined) => LineStat.at(stores, session, revision, prices)
        const filesAt = (id: string) => changesAt(stores.existing, session, id)
        if (graph === true && !out.json) {
          const tree = await treeOf(store, session, names.branches, stat === true ? statAt : undefined)
          const below = async ({ id, sums }: DrawnTurn) =>
            sums === undefined ? [] : statLines(sums, await filesAt(id))
          for await (const lines of graphLines(tree, names, limit, below)) {
            if (out.closed) break
            await out.lines(lines)
          }
          return
        }
        const numbers = stat === true ? await statAt(at) : undefined
        const signatures = { allowedSigners }
        for await (const checkpoint of store.log(session, { at, limit, steps, signatures })) {
          if (out.closed) break
          const { branches: heads, tags } = namesAt(checkpoint.id, names)
          const sums = numbers?.of(checkpoint)
          const files = sums === undefined ? undefined : await filesAt(checkpoint.id)
          if (out.json) await out.item({ ...checkpoint, heads, tags, stat: sums, files })
          else {
            const step = checkpoint.kind === 'step' ? dim('· ') : ''
            await out.line(line`${step}${checkpointLine(checkpoint, names)}`)
            if (sums !== undefined) await out.lines(indented(statLines(sums, files)))
          }
        }
        if (steps || out.json) return
        const { id, kind } = await store.checkpoint(session, at)
        if (kind === 'step' && names.branches.some(({ head }) => head === id))
          await out.note(
            dim('The newest checkpoints are inside a turn that has not ended: --steps shows them.'),
          )
      }),
    )
}
