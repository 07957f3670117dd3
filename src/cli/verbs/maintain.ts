import { count, dim, line } from '../text.ts'
import { type AddVerb, examples } from '../verb.ts'

/** `forkpoint maintain`: JSON of MaintainReport. */
export const addMaintain: AddVerb = (program, run) => {
  program
    .command('maintain')
    .description('pack the store into fewer files and less disk space; other processes may save meanwhile')
    .option('--purge', 'also remove deleted data from the disk; this cannot be undone')
    .addHelpText('after', examples('maintain', 'maintain --purge'))
    .action(
      run(async ({ out, stores }, { purge = false }: { purge?: boolean }) => {
        const report = await stores.existing.maintain({
          purge,
          onProgress: ({ phase, done, total }) =>
            out.progress(`maintain: ${phase} ${done}${total === undefined ? '' : ` of ${total}`}`),
        })
        out.endProgress()
        if (out.json) {
          await out.document(report)
          return undefined
        }
        const { packsBefore, packsAfter, bytesBefore, bytesAfter, native } = report
        await out.line(
          line`${count(packsBefore, 'pack')}, ${size(bytesBefore)} before; ${count(packsAfter, 'pack')}, ${size(bytesAfter)} now.`,
        )
        if (!native)
          await out.note(line`${dim('Git was not used; with git, the store would become smaller.')}`)
        if (purge) await out.note(line`${dim('Deleted data was removed from the disk.')}`)
        return undefined
      }),
    )
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  for (const [unit, factor] of UNITS) {
    if (bytes < factor * 1000) return `${(bytes / factor).toFixed(1)} ${unit}`
  }
  return `${Math.round(bytes / 1e12)} TB`
}

const UNITS = [
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
] as const
