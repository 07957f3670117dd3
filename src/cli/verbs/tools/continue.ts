import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { continueWith, IMPORTERS } from '../../../importers/index.ts'
import { bold, dim, line, yellow } from '../../../view/terminal/line.ts'
import { EXIT, UsageError } from '../../exit-codes.ts'
import { type AddVerb, examples, REVISION } from '../../verb.ts'
import { shell } from '../../words.ts'
import { unknownTool } from './suggest-tool.ts'

interface Options {
  with?: string
  cwd?: string
  run?: boolean
}

/**
 * `forkpoint continue <revision> --with <tool>`: prints the command that resumes the session. JSON of `{ session, tool,
 * id, path, command, notes }`.
 */
export const addContinue: AddVerb = (program, run) => {
  program
    .command('continue')
    .description('continue a session in another tool')
    .argument('<session>', REVISION)
    .option('--with <tool>', `the tool: ${targets().join(', ')}`)
    .option('--cwd <folder>', 'the folder that the tool works in (default: this one)')
    .option('--run', 'start the tool')
    .addHelpText(
      'after',
      `${examples('continue demo --with codex', 'continue demo/main~3 --with claude-code --cwd ../project --run')}
The next import of the tool's sessions adds what was said there to the session, as a branch.
`,
    )
    .action(
      run(async ({ out, stores, env }, place: string, options: Options) => {
        if (options.with === undefined) throw new UsageError(`Name the tool: --with ${targets().join(', ')}.`)
        const tool = IMPORTERS.find(({ name }) => name === options.with)
        if (tool?.compose === undefined) throw unknownTool('continue', options.with)
        const cwd = resolve(options.cwd ?? '.')
        const { session, at } = await stores.find(place)
        const given = { at, cwd, home: env.HOME ?? homedir(), environment: env }
        const { id, path, command, notes } = await continueWith(tool, stores.existing, session, given)
        if (out.json) await out.document({ session, tool: tool.name, id, path, command, notes })
        else {
          await out.line(bold(shell(command)))
          await out.note(dim(`wrote ${path}; undo: ${shell(['rm', path])}`))
          for (const note of notes) await out.note(line`${yellow('note:')} ${note}`)
        }
        return options.run === true ? start(command, cwd) : undefined
      }),
    )
}

const targets = (): string[] =>
  IMPORTERS.filter(({ compose, folder }) => compose !== undefined && folder !== undefined).map(
    ({ name }) => name,
  )

/** Runs the tool on this terminal. */
async function start([program = '', ...args]: readonly string[], cwd: string) {
  const code = await new Promise<number>((resolveWith) => {
    const child = spawn(program, args, { cwd, stdio: 'inherit' })
    child.once('error', () => resolveWith(127))
    child.once('exit', (status) => resolveWith(status ?? 1))
  })
  if (code === 127) throw new UsageError(`'${program}' could not be started. Is it installed?`)
  return code === 0 ? EXIT.done : EXIT.failed
}
