import { when } from '../../describe.ts'
import { bold, columns, count, dim, type Line, line, yellow } from '../../text.ts'
import { type AddVerb, examples } from '../../verb.ts'

/** `forkpoint restore`: JSON of `{ session }`; without a session JSON lines of DiscardedSession. */
export const addRestore: AddVerb = (program, run) => {
  program
    .command('restore')
    .description('bring a deleted session back; without a name, list those that can come back')
    .argument('[session]', 'session')
    .addHelpText('after', examples('restore demo', 'restore'))
    .action(
      run(async ({ out, stores, command }, session: string | undefined) => {
        const store = stores.existing
        if (session !== undefined) {
          await store.restore(session)
          if (out.json) await out.document({ session })
          else await out.line(line`Restored ${bold(session)}.`)
          return undefined
        }
        const rows: Line[][] = []
        for (const one of await store.retention.discarded()) {
          if (out.json) await out.item(one)
          rows.push([
            line`${yellow(one.session)}`,
            line`${dim(`deleted ${when(one.at)}`)}`,
            line`${count(one.branches, 'branch', 'branches')}`,
          ])
        }
        if (out.json) return undefined
        for (const row of columns(rows)) await out.line(row)
        if (rows.length === 0) await out.note(line`No session was deleted, or all have been purged.`)
        else await out.note(line`${dim(`To bring one back: ${command('restore', ['<session>'])}`)}`)
        return undefined
      }),
    )
}
