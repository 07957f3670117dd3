import { columns, count, dim, type Line, line, red, short, yellow } from '../../view/terminal/line.ts'
import { when } from '../../view/terminal/value.ts'
import { EXIT } from '../exit-codes.ts'
import { projectOf } from '../project.ts'
import { type AddVerb, examples, wholeNumber } from '../verb.ts'

interface Options {
  prefix?: string
  type?: string
  limit?: number
  archived?: boolean
}

interface Given extends Options {
  byId?: boolean
  project?: string
}

/**
 * `forkpoint list`: JSON lines of SessionSummary. Exit code 1 if a session could not be read; all others are listed.
 */
export const addList: AddVerb = (program, run) => {
  program
    .command('list')
    .description('list the sessions of the store, newest first')
    .option('--prefix <text>', 'only ids that start with this')
    .option('--type <type>', 'only sessions of this type')
    .option('--project <folder>', 'only sessions of the project of this folder, wherever they ran')
    .option('--archived', 'the archived sessions, instead of the others')
    .option('--by-id', 'sort by id')
    .option('-n, --limit <number>', 'at most this many', wholeNumber)
    .addHelpText('after', examples('list -n 10', 'list --project .', 'list --json | jq -r .id'))
    .action(
      run(async ({ out, stores, command }, { byId, project, ...options }: Given) => {
        const rows: Line[][] = []
        const sessions = stores.existing.list({
          ...options,
          ...(project === undefined ? {} : { project: await projectOf(project) }),
          order: byId === true ? 'id' : 'updated',
        })
        let broken = 0
        for await (const session of sessions) {
          if (out.closed) break
          if (session.problem !== undefined) broken++
          if (out.json) {
            await out.item(session)
            continue
          }
          const { id, type, title, status, activeBranch, messages, updatedAt, problem } = session
          if (problem !== undefined) {
            rows.push([
              line`${yellow(id)}`,
              line`${updatedAt === '' ? '' : dim(when(updatedAt))}`,
              line`${red('damaged')}`,
              line`${problem.message}`,
            ])
            continue
          }
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
        if (broken === 0) return undefined
        const many = count(broken, 'session')
        await out.note(line`${many} could not be read; '${command('verify')}' shows why.`)
        return EXIT.failed
      }),
    )
}
