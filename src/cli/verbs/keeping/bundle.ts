/** Backups: `bundle` writes sessions into one file, `restore` reads them back. */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { beginsBundle } from '../../../git/bundle/header.ts'
import { bold, count, dim, green, line, red, yellow } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { EXIT, type ExitCode } from '../../exit-codes.ts'
import { type AddVerb, aTime, examples } from '../../verb.ts'
import { size } from './size.ts'

interface Options {
  session?: string[]
  since?: string | Date
  overwrite?: boolean
}

/** `forkpoint bundle`: JSON of BundleReport with the `file`, or `{ file: null }` if nothing is new. */
export const addBundle: AddVerb = (program, run) => {
  program
    .command('bundle')
    .description('write sessions into one file that every git reads: a backup')
    .argument('<file>', 'where the bundle is written')
    .option('--session <id...>', 'only these sessions')
    .option('--since <bundle|date>', 'only what is new since an earlier bundle, or since a date', since)
    .option('--overwrite', 'replace the file')
    .addHelpText('after', examples('bundle backup.bundle', 'bundle monday.bundle --since backup.bundle'))
    .action(
      run(async (context, file: string, { session, since: from, overwrite = false }: Options) => {
        const { command, out, stores } = context
        const report = await stores.existing.bundle(file, {
          only: await stores.allNamed(session),
          since: from,
          overwrite,
          onProgress: out.phases(),
        })
        if (out.json) return out.document({ file: report === undefined ? null : file, ...report })
        if (report === undefined) return out.note(line`Nothing is new; '${file}' was not written.`)
        const { refs, objects, bytes } = report
        await out.line(
          line`Wrote ${bold(file)}: ${count(refs.length, 'ref')}, ${count(objects, 'new object')}, ${size(bytes)}.`,
        )
        await out.note(dim(`To take it back, here or elsewhere: ${command('restore', [file])}`))
      }),
    )
}

/** Whether the path is a bundle file. */
export function isBundleFile(path: string): boolean {
  if (!existsSync(path) || !statSync(path).isFile()) return false
  const head = Buffer.alloc(32)
  const file = openSync(path, 'r')
  try {
    return beginsBundle(head.subarray(0, readSync(file, head, 0, head.length, 0)))
  } finally {
    closeSync(file)
  }
}

/** Restores a bundle: JSON of UnbundleReport. Exit code 1 if something in the bundle is damaged. */
export async function restoreBundle({ out, stores }: Context, file: string): Promise<ExitCode | undefined> {
  const report = await stores.sessions.unbundle(file, {
    onProgress: out.phases(),
  })
  const { updated, diverged, deleted, kept, hidden, problems } = report
  const code = problems.length === 0 ? undefined : EXIT.failed
  const isNothing = updated.length + diverged.length + deleted.length === 0
  await out.report(
    report,
    [
      ...updated.map((ref) => line`${green('restored')}  ${ref}`),
      ...diverged.map(({ from, to }) => line`${yellow('diverged')}  ${from}: what was here is now ${to}`),
      ...deleted.map((ref) => line`${yellow('deleted')}   ${ref}`),
      ...problems.map(({ checkpoint, message }) => line`${red('damaged')}   ${checkpoint ?? ''} ${message}`),
    ],
    [
      ...[...hidden, ...kept].map(
        (ref) => line`${yellow('left out:')} ${ref} ${dim('(it was deleted; see restore --deleted)')}`,
      ),
      ...(isNothing ? [line`The store has everything that is in '${file}'.`] : []),
    ],
  )
  return code
}

function since(text: string): string | Date {
  if (isBundleFile(text)) return text
  try {
    return new Date(aTime(text))
  } catch {
    throw new InvalidArgumentError(
      existsSync(text)
        ? `'${text}' is not a bundle.`
        : 'It must be an earlier bundle, or a date such as 2025-11-03.',
    )
  }
}
