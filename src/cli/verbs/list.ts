import { when } from '../describe.ts'
import { columns, count, dim, type Line, line, short, yellow } from '../text.ts'
import { type AddVerb, examples, wholeNumber } from '../verb.ts'

interface Options {
  prefix?: string
  type?: string
  limit?: number
}

/** `forkpoint list`: JSON lines of SessionSummary. */
export const addList: AddVerb = (program, run) => {
  program
    .command('list')
    .description('list the sessions of the store, newest first')
    .option('--prefix <text>', 'only ids that start with this')
    .option('--type <type>', 'only sessions of this type')
    .option('--by-id', 'in the order of their ids')
    .option('-n, --limit <number>', 'at most so many', wholeNumber)
    .addHelpText('after', examples('list -n 10', 'list --json | jq -r .id'))
    .action(
      run(async ({ out, stores }, { byId, ...options }: Options & { byId?: boolean }) => {
        const rows: Line[][] = []
        const sessions = stores.existing.list({ ...options, order: byId === true ? 'id' : 'updated' })
        for await (const session of sessions) {
          if (out.closed) break
          if (out.json) {
            await out.item(session)
            continue
          }
          const { id, type, title, status, activeBranch, messages, updatedAt } = session
          const notes = [
            ...(type === 'session' ? [] : [type]),
            ...(activeBranch === 'main' ? [] : [`on ${activeBranch}`]),
            ...(status === undefined || status === 'idle' ? [] : [status]),
          ]
          rows.push([
            line`${yellow(id)}`,
            line`${dim(when(updatedAt))}`,
            line`${dim(count(messages, 'message'))}`,
            line`${short(title ?? '', 72)}${notes.length > 0 ? dim(` [${notes.join(', ')}]`) : ''}`,
          ])
        }
        for (const row of columns(rows)) await out.line(row)
        if (rows.length === 0) await out.note(line`No sessions.`)
        return undefined
      }),
    )
}
