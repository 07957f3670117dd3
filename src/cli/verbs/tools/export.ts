import { exportSession, IMPORTERS, type Importer, writeFiles } from '../../../importers/index.ts'
import { bold, count, line, yellow } from '../../text.ts'
import { type AddVerb, examples, REVISION } from '../../verb.ts'
import { suggestTool } from './suggest-tool.ts'

interface Options {
  output?: string
  overwrite?: boolean
}

/**
 * `forkpoint export <tool>`: the session's file on stdout, or all files in a folder. JSON of
 * `{ session, skipped, files }`: with a folder the paths that were written, else `{ name, lines }` each.
 */
export const addExport: AddVerb = (program, run) => {
  const verb = program
    .command('export')
    .description('write a session as files of another tool')
    .helpCommand(false)
  suggestTool(verb)
  for (const tool of IMPORTERS) if (tool.write !== undefined) addTool(verb, run, tool)
}

function addTool(verb: Parameters<AddVerb>[0], run: Parameters<AddVerb>[1], tool: Importer): void {
  verb
    .command(tool.name)
    .description(
      `write an imported session as the ${tool.extension} that ${tool.title} had, every entry of it`,
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
      run(async ({ out, stores }, place: string, { output, overwrite = false }: Options) => {
        const { session, at } = await stores.find(place)
        const result = await exportSession(tool, stores.existing, session, { at })
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
        return undefined
      }),
    )
}
