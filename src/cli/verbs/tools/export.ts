import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import { basename } from 'node:path'
import { NotFoundError } from '../../../errors.ts'
import {
  composeSession,
  conversationOf,
  type ExportResult,
  exportSession,
  IMPORTERS,
  type Importer,
  MESSAGE_ARRAYS,
  writeFiles,
} from '../../../importers/index.ts'
import type { Session } from '../../../state/index.ts'
import { bold, count, line, yellow } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { type AddVerb, examples, REVISION } from '../../verb.ts'
import { addReadable } from '../viewing/export-reading.ts'
import { suggestTool } from './suggest-tool.ts'

interface Options {
  output?: string
  overwrite?: boolean
}

/**
 * `forkpoint export <tool>`: writes the session's file to stdout, or all files to a folder. JSON of `{ session,
 * skipped, files }`; `files` are the written paths if a folder was given, else `{ name, lines }` each.
 */
export const addExport: AddVerb = (program, run) => {
  const verb = program
    .command('export')
    .description('write a session to read elsewhere, or as files of another tool')
    .helpCommand(false)
  suggestTool(verb)
  addReadable(verb, run)
  for (const tool of IMPORTERS) addTool(verb, run, tool)
  for (const name of Object.keys(MESSAGE_ARRAYS)) addMessages(verb, run, name)
}

/** `forkpoint export openai-messages <session>` and the like: prints the conversation as messages of that API. */
function addMessages(verb: Parameters<AddVerb>[0], run: Parameters<AddVerb>[1], name: string): void {
  verb
    .command(name)
    .description('print what was said as messages of that API')
    .argument('<session>', REVISION)
    .addHelpText('after', examples(`export ${name} demo > messages.json`))
    .action(
      run(async ({ out, stores }, place: string) => {
        const conversation = conversationOf(await stateAt(stores, place))
        await out.document(MESSAGE_ARRAYS[name]?.(conversation) ?? [])
        for (const note of conversation.notes) await out.note(line`${yellow('note:')} ${note}`)
      }),
    )
}

async function stateAt(stores: Context['stores'], place: string): Promise<Session> {
  const { session, at } = await stores.find(place)
  const state = await stores.existing.load(session, at === undefined ? {} : { at })
  if (state === undefined) throw new NotFoundError({ kind: 'session', id: session })
  return state
}

/** Composes the export of a session that another tool wrote. */
async function composedExport(
  { stores, env }: Context,
  tool: Importer,
  place: string,
): Promise<ExportResult | undefined> {
  const state = await stateAt(stores, place)
  const { from } = (state.metadata.import ?? {}) as { from?: string }
  if (tool.compose === undefined || from === tool.name) return undefined
  const options = { id: randomUUID(), cwd: process.cwd(), home: homedir(), environment: env, now: Date.now() }
  const { composed } = await composeSession(tool, state, options)
  const lines = composed.text.split('\n').filter((text) => text !== '')
  const main = { name: basename(composed.path), lines, bytes: () => Buffer.from(composed.text) }
  return { session: state.id, main, others: [], agents: [], skipped: 0 }
}

function addTool(verb: Parameters<AddVerb>[0], run: Parameters<AddVerb>[1], tool: Importer): void {
  if (tool.write === undefined) return
  const others = tool.compose === undefined ? '' : '; a session of another tool as one of its own'
  verb
    .command(tool.name)
    .description(
      `write an imported session as the ${tool.extension} that ${tool.title} had, every entry of it${others}`,
    )
    .argument('<session>', REVISION)
    .option(
      '-o, --output <folder>',
      'folder for the file and those of its sub-agents; default: print the file to stdout',
    )
    .option('--overwrite', 'replace existing files')
    .addHelpText(
      'after',
      examples(
        `export ${tool.name} demo -o ./exported`,
        `export ${tool.name} demo/main~3 > demo${tool.extension}`,
      ),
    )
    .action(
      run(async (context, place: string, { output, overwrite = false }: Options) => {
        const { out, stores } = context
        const { session, at } = await stores.find(place)
        const result =
          (await composedExport(context, tool, place)) ??
          (await exportSession(tool, stores.existing, session, { at }))
        const { main, others, agents, skipped } = result
        const files = [main, ...others, ...agents]
        if (output !== undefined) {
          const paths = await writeFiles(result, output, { overwrite })
          if (out.json) await out.document({ session, skipped, files: paths })
          else
            for (const [index, path] of paths.entries()) {
              await out.line(
                line`${bold(path)}  ${count(files[index]?.lines.length ?? 0, 'entry', 'entries')}`,
              )
            }
        } else if (out.json) {
          await out.document({ session, skipped, files: files.map(({ name, lines }) => ({ name, lines })) })
        } else {
          await out.exact(main.bytes())
          for (const [left, what] of [
            [others, 'of the session that differ from this one'],
            [agents, 'of sub-agents'],
          ] as const) {
            if (left.length === 0) continue
            const number = count(left.length, 'file')
            await out.note(line`${yellow('note:')} left out ${number} ${what}; -o <folder> writes them too.`)
          }
        }
        if (skipped > 0) {
          await out.note(
            line`${yellow('note:')} left out ${count(skipped, 'message')} that did not come from ${tool.title}.`,
          )
        }
      }),
    )
}
