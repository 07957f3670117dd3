import type { SessionSummary } from '../../store/session-store.ts'
import { count, dim, type Line, line, red, short, yellow } from '../../view/terminal/line.ts'
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
        const sessions = stores.existing.list({
          ...options,
          project: project === undefined ? undefined : await projectOf(project),
          order: byId === true ? 'id' : 'updated',
        })
        const damaged = new Set<string>()
        async function* counted() {
          for await (const session of sessions) {
            if (session.problem !== undefined) damaged.add(session.id)
            yield session
          }
        }
        if ((await out.list(counted(), cells, { spare: [2, 1] })) === 0) await out.note(line`No sessions.`)
        if (damaged.size === 0) return undefined
        const many = count(damaged.size, 'session')
        await out.note(line`${many} could not be read; '${command('verify')}' shows why.`)
        return EXIT.failed
      }),
    )
}

function cells(session: SessionSummary): Line[] {
  const { id, type, title, status, activeBranch, messages, updatedAt, problem } = session
  const at = line`${updatedAt === '' ? '' : dim(when(updatedAt))}`
  if (problem !== undefined) return [yellow(id), at, red('damaged'), line`${problem.message}`]
  const notes = [
    ...(type === 'session' ? [] : [type]),
    ...(activeBranch === 'main' ? [] : [`on ${activeBranch}`]),
    ...(status === undefined || status === 'idle' ? [] : [status]),
  ]
  return [
    yellow(id),
    at,
    dim(count(messages, 'message')),
    line`${short(title ?? '', 72)}${notes.length > 0 ? dim(` [${notes.join(', ')}]`) : ''}`,
  ]
}
