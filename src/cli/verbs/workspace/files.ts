import { dim, line } from '../../../view/terminal/line.ts'
import { UsageError } from '../../exit-codes.ts'
import { type AddVerb, examples, REVISION } from '../../verb.ts'
import { changeLines } from './changes.ts'

interface Options {
  diff?: boolean
  stat?: boolean
}

/**
 * `forkpoint files`: JSON of `{ snapshot, files: StoredFile[] }`; with `--stat` of FileChanges; with `--diff` of `{
 * from, to, patch }`; for one file of `{ snapshot, path, content }`, with `content` in base64.
 */
export const addFiles: AddVerb = (program, run) => {
  program
    .command('files')
    .description("list the workspace's files at a checkpoint, print one, or show what its turn changed")
    .argument('<session>', REVISION)
    .argument('[path]', 'print this file, as it was')
    .option('--diff', 'show what the turn changed, as a patch of git')
    .option('--stat', 'list the files that the turn changed')
    .addHelpText(
      'after',
      examples('files demo', 'files demo/main~3 --diff', 'files demo/main~3 src/main.ts > main.ts'),
    )
    .action(
      run(async ({ out, stores }, place: string, path: string | undefined, options: Options) => {
        const { diff = false, stat = false } = options
        if (Number(diff) + Number(stat) + Number(path !== undefined) > 1)
          throw new UsageError('Give a path, --diff or --stat: one of them.')
        const { session, at = '' } = await stores.find(place)
        const files = stores.existing.files('.')
        const { id } = await files.snapshot(session, at)
        if (path !== undefined) {
          const content = await files.read(session, at, path)
          if (out.json) await out.document({ snapshot: id, path, content: content.toString('base64') })
          else await out.exact(content)
        } else if (diff) {
          const { from, to } = await files.changes(session, at)
          const patch = await files.patch(session, at)
          if (out.json) await out.document({ from, to, patch })
          else await out.exact(Buffer.from(patch))
        } else if (stat) {
          const changes = await files.changes(session, at)
          if (out.json) await out.document(changes)
          else await out.lines(changeLines(changes))
        } else {
          const all = await files.list(session, at)
          await out.report(
            { snapshot: id, files: all },
            all.map(({ path, kind }) => line`${path}${kind === 'file' ? '' : dim(` (${kind})`)}`),
          )
        }
      }),
    )
}
