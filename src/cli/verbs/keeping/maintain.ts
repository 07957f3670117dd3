import { count, dim, line } from '../../../view/terminal/line.ts'
import { type AddVerb, examples } from '../../verb.ts'
import { size } from './size.ts'

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
          onProgress: out.phases('maintain'),
        })
        if (out.json) return out.document(report)
        const { packsBefore, packsAfter, bytesBefore, bytesAfter, native, pruned } = report
        await out.line(
          line`${count(packsBefore, 'pack')}, ${size(bytesBefore)} before; ${count(packsAfter, 'pack')}, ${size(bytesAfter)} now.`,
        )
        if (!native) await out.note(dim('Git was not used; with git, the store would become smaller.'))
        if (pruned !== undefined && pruned.removed.length > 0)
          await out.line(
            line`The store's policy removed ${count(pruned.removed.length, 'session')}: ${pruned.removed.join(', ')}`,
          )
        if (purge) await out.note(dim('Deleted data was removed from the disk.'))
      }),
    )
}
