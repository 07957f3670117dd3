import type { Place, StateDiff } from '../../store/session-store.ts'
import { diffLines } from '../../view/terminal/difference.ts'
import { bold, line, yellow } from '../../view/terminal/line.ts'
import { differenceStat } from '../../view/terminal/stat.ts'
import { shortId } from '../../view/terminal/value.ts'
import { type AddVerb, examples, REVISION } from '../verb.ts'

interface Options {
  patch?: boolean
  full?: boolean
  stat?: boolean
}

/** `forkpoint diff`: JSON of StateDiff; with `--patch` of `{ from, to, patch }`. */
export const addDiff: AddVerb = (program, run) => {
  program
    .command('diff')
    .description('show what differs between two checkpoints, of one session or of two')
    .argument('<from>', REVISION)
    .argument('[to]', 'the same; default: the newest checkpoint of the first session')
    .option('--patch', 'show the patch that git makes of the stored files')
    .option('--stat', 'only how much of what differs')
    .option('--full', 'show long texts completely')
    .addHelpText(
      'after',
      examples('diff demo/main~3', 'diff demo/main demo/try-postgres', 'diff demo~1 demo --patch'),
    )
    .action(
      run(async ({ out, stores, env }, before: string, after: string | undefined, options: Options) => {
        const from = await stores.find(before)
        const to: Place = after === undefined ? { session: from.session } : await stores.find(after)
        const store = await stores.ofTypeOf(from.session)
        const diff = await store.diff(from, to)
        out.page(env)
        if (options.patch === true) {
          const patch = await diff.patch()
          if (out.json) return out.document({ from: diff.from, to: diff.to, patch })
          return out.exact(Buffer.from(patch))
        }
        if (out.json) return out.document(dataOf(diff))
        for (const { session, checkpoint } of [diff.from, diff.to]) {
          const { subject } = await store.checkpoint(session, checkpoint)
          await out.line(line`${yellow(shortId(checkpoint))}  ${bold(session)}  ${subject}`)
        }
        await out.lines(
          options.stat === true ? differenceStat(diff) : diffLines(diff, { full: options.full === true }),
        )
      }),
    )
}

const dataOf = ({ from, to, fields, messages, runs, collections }: StateDiff) => ({
  from,
  to,
  fields,
  messages,
  runs,
  collections,
})
