import type { Checkpoint } from '../../store/session-store.ts'
import { type Names, namesAt } from '../../view/checkpoint.ts'
import { type GraphNode, graphRows } from '../../view/graph.ts'
import { checkpointLine } from '../../view/terminal/checkpoint.ts'
import { cyan, dim, type Line, line } from '../../view/terminal/line.ts'
import type { AnyStore } from '../stores.ts'
import { type AddVerb, ALLOWED_SIGNERS, examples, REVISION, wholeNumber } from '../verb.ts'

interface Options {
  limit?: number
  graph?: boolean
  steps?: boolean
  allowedSigners?: string
}

/** `forkpoint log`: JSON lines of Checkpoint, each with `heads` (branches that end there), `tags` and, where it is signed, `signature`. */
export const addLog: AddVerb = (program, run) => {
  program
    .command('log')
    .description('show the checkpoints of a session, newest first, one per turn')
    .argument('<session>', REVISION)
    .option('-n, --limit <number>', 'at most this many', wholeNumber)
    .option('--graph', 'all branches of the session, with where they part')
    .option('--steps', 'also the checkpoints inside turns')
    .option(...ALLOWED_SIGNERS)
    .addHelpText('after', examples('log demo', 'log demo --graph', 'log demo/try-postgres~2 -n 5'))
    .action(
      run(
        async (
          { out, stores, env },
          place: string,
          { limit, graph, steps = false, allowedSigners }: Options,
        ) => {
          const { store, session, at } = await stores.find(place)
          const names = { branches: await store.branches(session), tags: await store.tags(session) }
          out.page(env)
          if (graph === true && !out.json) {
            await out.lines(graphLines(await turnsOf(store, session, names.branches), names, limit))
            return undefined
          }
          for await (const checkpoint of store.log(session, {
            at,
            limit,
            steps,
            signatures: { allowedSigners },
          })) {
            if (out.closed) break
            const { branches: heads, tags } = namesAt(checkpoint.id, names)
            if (out.json) await out.item({ ...checkpoint, heads, tags })
            else {
              const step = checkpoint.kind === 'step' ? dim('· ') : ''
              await out.line(line`${step}${checkpointLine(checkpoint, names)}`)
            }
          }
          return undefined
        },
      ),
    )
}

/** The turns of all branches, each once and after all that stand on it. */
async function turnsOf(
  store: AnyStore,
  session: string,
  branches: Names['branches'],
): Promise<(Checkpoint & { parent: string | undefined })[]> {
  const turns = new Map<string, Checkpoint & { parent: string | undefined }>()
  const active = branches.filter((branch) => branch.active)
  for (const { name } of [...active, ...branches.filter((branch) => !branch.active)]) {
    let child: (Checkpoint & { parent: string | undefined }) | undefined
    for await (const checkpoint of store.log(session, { at: name })) {
      if (child !== undefined) child.parent = checkpoint.id
      if (turns.has(checkpoint.id)) break
      child = { ...checkpoint, parent: undefined }
      turns.set(checkpoint.id, child)
    }
  }
  return inOrder([...turns.values()])
}

/** Newest first, but none before one that stands on it. */
function inOrder<Turn extends GraphNode & Pick<Checkpoint, 'createdAt'>>(turns: readonly Turn[]): Turn[] {
  const waits = new Map<string, number>()
  for (const { parent } of turns) if (parent !== undefined) waits.set(parent, (waits.get(parent) ?? 0) + 1)
  const byId = new Map(turns.map((turn) => [turn.id, turn]))
  const ready = turns.filter(({ id }) => !waits.has(id))
  const order: Turn[] = []
  while (ready.length > 0) {
    ready.sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0))
    const next = ready.pop()!
    order.push(next)
    const left = (waits.get(next.parent ?? '') ?? 0) - 1
    waits.set(next.parent ?? '', left)
    const parent = byId.get(next.parent ?? '')
    if (parent !== undefined && left === 0) ready.push(parent)
  }
  return order
}

function* graphLines(
  turns: readonly (Checkpoint & { parent: string | undefined })[],
  names: Names,
  limit = Number.POSITIVE_INFINITY,
): Generator<Line> {
  let shown = 0
  for (const { node, lanes, joins } of graphRows(turns)) {
    if (shown++ >= limit) return
    yield line`${cyan(lanes)} ${checkpointLine(node, names)}`
    for (const join of joins) yield line`${cyan(join)}`
  }
}
