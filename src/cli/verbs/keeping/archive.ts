import { NotFoundError } from '../../../errors.ts'
import type { ArchiveReport } from '../../../store/retention/archive.ts'
import { bold, count, dim, type Line, line, short, yellow } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { EXIT, UsageError } from '../../exit-codes.ts'
import { type AddVerb, aDuration, examples } from '../../verb.ts'

interface Options {
  olderThan?: string
  yes?: boolean
}

/** `forkpoint archive`: JSON of ArchiveReport. */
export const addArchive: AddVerb = (program, run) => {
  program
    .command('archive')
    .description('keep sessions without refs of their own, hundreds in one; shows which unless told --yes')
    .argument('[session...]', 'sessions (default: all that are old enough)')
    .option(
      '--older-than <duration>',
      'only sessions that nobody saved to for so long, such as 90d',
      aDuration,
    )
    .option('-y, --yes', 'archive them')
    .addHelpText('after', examples('archive --older-than 90d', 'archive demo --yes'))
    .action(
      run(async (context, sessions: string[], { olderThan, yes = false }: Options) => {
        const { out, stores } = context
        if (sessions.length === 0 && olderThan === undefined)
          throw new UsageError('Say what is archived: sessions, or --older-than.')
        const report = await stores.existing.archive({
          sessions: sessions.length > 0 ? await stores.allNamed(sessions) : undefined,
          olderThan,
          dryRun: !yes,
          onProgress: out.phases('archive'),
        })
        await out.report(report, described(context, report), advice(context, report, yes))
      }),
    )
}

/** `forkpoint unarchive`: JSON of `{ session, archived }`. Exit code 1 if the session was not archived. */
export const addUnarchive: AddVerb = (program, run) => {
  program
    .command('unarchive')
    .description('bring a session back from its archive; saving to it does so as well')
    .argument('<session>', 'session')
    .addHelpText('after', examples('list --archived', 'unarchive demo'))
    .action(
      run(async ({ out, stores }, given: string) => {
        const session = await stores.named(given)
        if (!(await stores.existing.exists(session)))
          throw new NotFoundError({ kind: 'session', id: session })
        const archived = await stores.existing.unarchive(session)
        if (out.json) await out.document({ session, archived })
        else if (archived) await out.line(line`Brought ${bold(session)} back from its archive.`)
        else await out.note(line`${yellow(session)} is not archived.`)
        return archived ? undefined : EXIT.failed
      }),
    )
}

function described({ out }: Context, { sessions, kept }: ArchiveReport): Line[] {
  const rows = sessions.map(({ session, title, lastUse, refs }) => [
    yellow(session),
    dim(new Date(lastUse).toISOString().slice(0, 10)),
    dim(count(refs, 'ref')),
    line`${short(title ?? '', 60)}`,
  ])
  const others = kept.map(({ session, why }) => line`${yellow(session)} stays: ${KEPT[why]}`)
  const refs = sessions.reduce((sum, one) => sum + one.refs, 0)
  return [
    ...out.table(rows, [1, 2]),
    ...others,
    line`${count(sessions.length, 'session')} with ${count(refs, 'ref')} to archive.`,
  ]
}

const KEPT = {
  damaged: 'it cannot be read',
  'no commit': 'a tag of it names something other than a checkpoint',
} as const

function advice(
  { command }: Context,
  { sessions, archived, changed, archives }: ArchiveReport,
  yes: boolean,
): Line[] {
  if (sessions.length === 0) return []
  if (!yes) return [dim('Nothing was archived. To do it, add --yes.')]
  const one = archived[0] ?? sessions[0]!.session
  return [
    ...changed.map((session) => line`${yellow(session)} was changed meanwhile, and stays.`),
    dim(
      `Archived ${count(archived.length, 'session')} in ${count(archives.length, 'ref')}. To bring one back: ${command('unarchive', [one])}`,
    ),
  ]
}
