import type { FoundLine } from '../../../store/search/lines.ts'
import type { SearchMatch, SearchOptions } from '../../../store/search/search.ts'
import { bold, cyan, dim, type Line, line, red, yellow } from '../../../view/terminal/line.ts'
import { shortId, when } from '../../../view/terminal/value.ts'
import { EXIT } from '../../exit-codes.ts'
import { type ProjectQuery, projectOf } from '../../project.ts'
import { type AddVerb, aTime, examples, wholeNumber } from '../../verb.ts'

interface Options extends Pick<SearchOptions, 'session' | 'type' | 'role' | 'tool' | 'since' | 'until'> {
  said?: boolean
  tools?: boolean
  first?: boolean
  limit?: number
  context?: number
  project?: string
}

/** `forkpoint search`: JSON lines of SearchMatch. Exit code 1 if nothing was found, as grep. */
export const addSearch: AddVerb = (program, run) => {
  program
    .command('search')
    .description('find what was said, in all sessions, branches and checkpoints, newest first')
    .argument('<words...>', 'all have to be in one text; quote a phrase; a capital stands for itself')
    .option('--session <session>', 'only this session')
    .option('--type <type>', 'only sessions of this type')
    .option('--project <folder>', 'only sessions of the project of this folder')
    .option('--role <role>', 'only what this role said: user, assistant, tool')
    .option('--tool <name>', 'only calls and results of this tool')
    .option('--said', 'only what people and models said')
    .option('--tools', 'only what tools got and gave')
    .option('--since <date>', 'only checkpoints from then on', aTime)
    .option('--until <date>', 'only checkpoints up to then', aTime)
    .option('--first', 'only where it was said first')
    .option('-C, --context <lines>', 'lines around each that is found (default: 1)', wholeNumber)
    .option('-n, --limit <number>', 'at most this many', wholeNumber)
    .addHelpText(
      'after',
      examples('search retry backoff', 'search "exit code" --tool bash', 'search retry --first --json'),
    )
    .action(
      run(async ({ out, stores, env }, words: string[], given: Options) => {
        const { said, tools, first, limit, project, ...options } = given
        const of = project === undefined ? undefined : await idsOf(stores.existing, project)
        const most = first === true ? 1 : (limit ?? Number.POSITIVE_INFINITY)
        const where = said === tools ? {} : { in: said === true ? ('said' as const) : ('tools' as const) }
        const asked: SearchOptions = { ...options, ...where, oldestFirst: first === true }
        if (asked.session !== undefined) asked.session = await stores.named(asked.session)
        out.page(env)
        let found = 0
        for await (const match of most === 0 ? [] : stores.existing.search(words, asked)) {
          if (of !== undefined && !of.has(match.session)) continue
          if (out.json) await out.item(match)
          else await out.lines([...(found === 0 ? [] : [line``]), ...matchLines(match)])
          if (++found >= most || out.closed) break
        }
        if (found === 0) await out.note(line`Nothing was found.`)
        return found === 0 ? EXIT.failed : undefined
      }),
    )
}

type Listing = { list(options: { project: ProjectQuery }): AsyncIterable<{ id: string }> }

/** Returns the ids of the sessions of a project. */
async function idsOf(store: Listing, folder: string): Promise<Set<string>> {
  const ids = new Set<string>()
  for await (const { id } of store.list({ project: await projectOf(folder) })) ids.add(id)
  return ids
}

function matchLines(match: SearchMatch): Line[] {
  const { session, branch, checkpoint, seq, at, index, role, kind, tool, agent } = match
  const place = branch === '' || branch === 'main' ? session : `${session}/${branch}`
  const who = agent === undefined ? ` ${role}` : ` ${role} of a sub-agent`
  const what =
    tool === undefined ? (kind === 'text' ? '' : ` ${kind}`) : ` ${kind === 'call' ? '→' : '←'} ${tool}`
  const head = line`${yellow(shortId(checkpoint))}  ${dim(when(at))}  ${bold(place)}  ${dim(`turn ${seq}, #${index}`)}${who}${cyan(what)}`
  let last: number | undefined
  return [
    head,
    ...match.lines.flatMap((one) => {
      const gap = last !== undefined && one.number > last + 1 ? [line`    ${dim('…')}`] : []
      last = one.number
      return [...gap, line`    ${marked(one)}`]
    }),
  ]
}

function marked({ text, found }: FoundLine): Line {
  if (found.length === 0) return dim(text)
  const pieces: Line[] = []
  let at = 0
  for (const { start, end } of found) {
    if (start < at) continue
    pieces.push(line`${text.slice(at, start)}`, red(text.slice(start, end)))
    at = end
  }
  return [...pieces.flat(), ...line`${text.slice(at)}`]
}
