import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import {
  foldersOf,
  IMPORTERS,
  type Importer,
  type WatchedFolder,
  watchSessions,
} from '../../../importers/index.ts'
import { dim } from '../../../view/terminal/line.ts'
import { UsageError } from '../../exit-codes.ts'
import { type AddVerb, examples } from '../../verb.ts'
import { isOther, tell } from './import.ts'
import { unknownTool } from './suggest-tool.ts'

interface Options {
  tool?: string[]
  folder?: string
  redact: boolean
}

/** `forkpoint watch`: JSON lines as `import` prints them, one for each import that added something. */
export const addWatch: AddVerb = (program, run) => {
  program
    .command('watch')
    .description('import the sessions of other tools while they work, until it is stopped')
    .option('--tool <name...>', `only these: ${IMPORTERS.map(({ name }) => name).join(', ')} (default: all)`)
    .option('--folder <folder>', 'where the tool keeps its sessions (default: its own folder)')
    .option('--no-redact', 'keep secrets (API keys, tokens, passwords) as they are in the files')
    .addHelpText('after', examples('watch', 'watch --tool claude-code --store ~/sessions'))
    .action(
      run(async (context, options: Options) => {
        const { out, stores, env } = context
        const folders = foldersToWatch(options, env)
        const ending = new AbortController()
        const end = () => ending.abort()
        process.once('SIGINT', end).once('SIGTERM', end)
        try {
          await stores.alone('watch', async () => {
            for (const { tool, folder } of folders)
              await out.note(
                dim(`Watching ${tool.title}: ${folder}${existsSync(folder) ? '' : ' (not there yet)'}`),
              )
            const { signal } = ending
            const redact = options.redact ? {} : { redact: false as const }
            for await (const result of watchSessions(folders, stores.sessions, { signal, ...redact })) {
              if (result.error === undefined ? result.checkpoints > 0 : !isOther(result.tool, result.error))
                await tell(context, result, [])
              if (out.closed) end()
            }
          })
        } finally {
          process.off('SIGINT', end).off('SIGTERM', end)
        }
      }),
    )
}

function foldersToWatch({ tool: names, folder }: Options, env: NodeJS.ProcessEnv): WatchedFolder[] {
  const tools = names === undefined ? IMPORTERS : names.map(toolNamed)
  if (folder !== undefined) {
    if (tools.length !== 1) throw new UsageError('--folder needs one --tool: whose folder it is.')
    return [{ tool: tools[0] as Importer, folder }]
  }
  const folders = tools.flatMap((tool) =>
    foldersOf(tool, env.HOME || homedir(), env).map((place) => ({ tool, folder: place })),
  )
  if (folders.length === 0)
    throw new UsageError('This tool has no folder of its own. Name one with --folder.')
  return folders
}

function toolNamed(name: string): Importer {
  const tool = IMPORTERS.find((one) => one.name === name)
  if (tool === undefined) throw unknownTool('watch', name)
  return tool
}
