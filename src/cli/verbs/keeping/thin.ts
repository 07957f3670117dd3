import type { ThinReport } from '../../../store/git/rewriting/thin.ts'
import { bold, count, dim, type Line, line } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { EXIT, UsageError } from '../../exit-codes.ts'
import { reportData, stillThere } from '../../old-objects.ts'
import { type AddVerb, aDuration, examples, wholeNumber } from '../../verb.ts'

interface Options {
  keepLast?: number
  olderThan?: string
  insideTurns?: boolean
  yes?: boolean
}

/** `forkpoint thin`: JSON of ThinReport and `{ session, done }`. */
export const addThin: AddVerb = (program, run) => {
  program
    .command('thin')
    .description(
      "leave old checkpoints out of a session's history; shows how many would go unless told --yes",
    )
    .argument('<session>', 'session; what forks of it share is rewritten as well')
    .option('--keep-last <number>', 'keep so many checkpoints of each branch, the newest', wholeNumber)
    .option('--older-than <duration>', 'leave out only what is older than this, such as 30d', aDuration)
    .option('--inside-turns', 'leave out only what is inside turns, never their ends')
    .option('-y, --yes', 'leave them out, and remove them from the disk; this cannot be undone')
    .addHelpText(
      'after',
      examples('thin demo --inside-turns --older-than 30d', 'thin demo --keep-last 100 --yes'),
    )
    .action(
      run(async (context, given: string, options: Options) => {
        const { out, stores } = context
        const { keepLast, olderThan, insideTurns = false, yes = false } = options
        if (keepLast === undefined && olderThan === undefined && !insideTurns)
          throw new UsageError('Say what is left out: --keep-last, --older-than or --inside-turns.')
        const session = await stores.named(given)
        const report = await stores.existing.thin(session, {
          keepLast,
          olderThan,
          insideTurnsOnly: insideTurns,
          dryRun: !yes,
          onProgress: out.phases('thin'),
        })
        await out.report(
          { session, done: yes, ...reportData(report) },
          [described(report, yes)],
          advice(context, report, session, options),
        )
        return report.remaining.length > 0 || report.purgeError !== undefined ? EXIT.failed : undefined
      }),
    )
}

function described({ thinned, checkpoints, rewritten, sessions }: ThinReport, done: boolean): Line {
  if (thinned === 0) return line`Nothing to leave out of ${count(checkpoints, 'checkpoint')}.`
  const [left, remade] = done ? ['Left out', 'made'] : ['Would leave out', 'would make']
  return line`${left} ${bold(thinned)} of ${count(checkpoints, 'checkpoint')}, and ${remade} ${count(rewritten, 'checkpoint')} again, in ${count(sessions.length, 'session')}: ${sessions.join(', ')}`
}

function advice(
  { command }: Context,
  report: ThinReport,
  session: string,
  { keepLast, olderThan, insideTurns, yes }: Options,
): Line[] {
  const { thinned, remotes } = report
  if (yes !== true) {
    if (thinned === 0) return []
    const words = {
      ...(keepLast !== undefined && { 'keep-last': String(keepLast) }),
      ...(olderThan !== undefined && { 'older-than': olderThan }),
    }
    const flags = `${insideTurns === true ? ' --inside-turns' : ''} --yes`
    return [dim(`Nothing was changed. To do it: ${command('thin', [session], words)}${flags}`)]
  }
  const notes = stillThere('checkpoints', report)
  if (thinned > 0 && remotes.length > 0)
    notes.push(line`Remotes that still have them: ${remotes.join(', ')}. To thin there: ${command('sync')}`)
  return notes
}
