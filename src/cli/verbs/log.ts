import { checkpointLine, namesAt } from '../describe.ts'
import { dim, line } from '../text.ts'
import { type AddVerb, ALLOWED_SIGNERS, examples, REVISION, wholeNumber } from '../verb.ts'

interface Options {
  limit?: number
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
    .option('--steps', 'also the checkpoints inside turns')
    .option(...ALLOWED_SIGNERS)
    .addHelpText('after', examples('log demo', 'log demo/try-postgres~2 -n 5'))
    .action(
      run(async ({ out, stores }, place: string, { limit, steps = false, allowedSigners }: Options) => {
        const { store, session, at } = await stores.find(place)
        const names = { branches: await store.branches(session), tags: await store.tags(session) }
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
      }),
    )
}
