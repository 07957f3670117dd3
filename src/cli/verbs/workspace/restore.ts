import { existsSync } from 'node:fs'
import { NotFoundError } from '../../../errors.ts'
import { objectOf } from '../../../view/fields.ts'
import { count, dim, line, yellow } from '../../../view/terminal/line.ts'
import { UsageError } from '../../exit-codes.ts'
import { type AddVerb, examples, REVISION } from '../../verb.ts'
import { isBundleFile, restoreBundle } from '../keeping/bundle.ts'
import { bringBack, listDeleted } from '../keeping/deleted-sessions.ts'
import { changeLines } from './changes.ts'

interface Options {
  workspace?: string
  dryRun?: boolean
  deleted?: boolean
}

/**
 * `forkpoint restore`: JSON of RestoreReport, with `--dry-run` of RestorePlan, and the `workspace`. For a deleted
 * session, which is restored: `{ session, refs }`. Without arguments: JSON lines of DiscardedSession.
 */
export const addRestore: AddVerb = (program, run) => {
  program
    .command('restore')
    .description(
      "make the workspace's files what they were at a checkpoint, or bring back a deleted session or the sessions of a bundle",
    )
    .argument(
      '[session]',
      `${REVISION}; or a snapshot: demo/<id>; or a deleted session (default: list those); or the file of a bundle`,
    )
    .argument('[paths...]', 'only these files and folders, relative to the workspace')
    .option('--workspace <folder>', 'the folder (default: the workspace that the session was saved with)')
    .option('-n, --dry-run', 'only show what would change')
    .option(
      '--deleted',
      'bring the session back although some of it is here: it was deleted on another machine',
    )
    .addHelpText(
      'after',
      examples(
        'restore demo/main~3 --dry-run',
        'restore demo/main~1 src/',
        'restore deleted-session',
        'restore backup.bundle',
      ),
    )
    .action(
      run(async (context, place: string | undefined, paths: string[], options: Options) => {
        const { command, out, stores } = context
        if (place === undefined) return listDeleted(context)
        if (paths.length === 0 && isBundleFile(place)) return restoreBundle(context, place)
        if (paths.length === 0 && (await bringBack(context, place, options.deleted === true))) return
        if (looksLikeFile(place) && !existsSync(place) && !(await stores.existing.exists(place)))
          throw new NotFoundError({ kind: 'file', id: place }, `There is no file '${place}'.`)
        const { session, at = '' } = await stores.find(place)
        // Without files to restore, it does not matter which folder they would go to.
        await stores.existing.files('.').snapshot(session, at)
        const workspace = options.workspace ?? (await savedWorkspace(stores, session))
        if (!existsSync(workspace))
          throw new UsageError(
            options.workspace === undefined
              ? `Session '${session}' worked in '${workspace}', which is not on this machine. Name another folder: --workspace <folder>.`
              : `There is no folder '${workspace}'.`,
          )
        const files = stores.existing.files(workspace)
        const some = paths.length === 0 ? {} : { paths }
        const isDry = options.dryRun === true
        const report = isDry
          ? { ...(await files.plan(session, at, some)), undo: undefined }
          : await files.restore(session, at, some)
        const { written: added, changed, deleted, kept, undo } = report
        if (out.json) return out.document({ workspace, ...report })
        await out.lines(changeLines({ added, changed, deleted }))
        for (const { path, why } of kept) await out.note(line`${yellow('kept:')} ${path} ${dim(`(${why})`)}`)
        const total = count(added.length + changed.length + deleted.length, 'file')
        await out.note(line`${isDry ? 'Would restore' : 'Restored'} ${total} in ${workspace}`)
        if (undo !== undefined)
          await out.note(
            line`To undo: ${command('restore', [`${session}/${undo}`], workspaceOption(options))}`,
          )
      }),
    )
}

const looksLikeFile = (text: string): boolean => /^\.{0,2}\/|\.bundle$/.test(text)

const workspaceOption = ({ workspace }: Options): Record<string, string> =>
  workspace === undefined ? {} : { workspace }

async function savedWorkspace(
  stores: {
    ofTypeOf(session: string): Promise<{ load(id: string, options: object): Promise<object | undefined> }>
  },
  session: string,
): Promise<string> {
  const store = await stores.ofTypeOf(session)
  const { workspace } = objectOf(await store.load(session, { last: 0, events: false }))
  if (typeof workspace === 'string' && workspace !== '') return workspace
  throw new UsageError(
    `Session '${session}' was saved without a workspace. Name the folder: --workspace <folder>.`,
  )
}
