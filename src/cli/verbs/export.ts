import { exportClaudeCode, writeClaudeCode } from '../../importers/index.ts'
import { bold, count, line, yellow } from '../text.ts'
import { type AddVerb, examples, REVISION } from '../verb.ts'

interface Options {
  output?: string
  overwrite?: boolean
}

/**
 * `forkpoint export claude-code`: the session's file on stdout, or all files in a folder. JSON of
 * `{ session, skipped, files }`: with a folder the paths that were written, else `{ name, lines }` each.
 */
export const addExport: AddVerb = (program, run) => {
  program
    .command('export')
    .description('write a session as the files of another tool')
    .helpCommand(false)
    .command('claude-code')
    .description('write an imported session as the .jsonl that Claude Code had, every entry of it')
    .argument('<session>', REVISION)
    .option(
      '-o, --output <folder>',
      "a folder for it and its sub-agents' files; default: its lines on stdout",
    )
    .option('--overwrite', 'replace files that exist')
    .addHelpText(
      'after',
      examples('export claude-code demo -o ./exported', 'export claude-code demo/main~3 > demo.jsonl'),
    )
    .action(
      run(async ({ out, stores }, place: string, { output, overwrite = false }: Options) => {
        const { session, at } = await stores.find(place)
        const result = await exportClaudeCode(stores.existing, session, { at })
        const { main, agents, skipped } = result
        const files = [main, ...agents]
        if (output !== undefined) {
          const paths = await writeClaudeCode(result, output, { overwrite })
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
          if (agents.length > 0) {
            await out.note(
              line`${yellow('note:')} left out ${count(agents.length, 'file')} of sub-agents; -o <folder> writes them too.`,
            )
          }
        }
        if (skipped > 0) {
          await out.note(
            line`${yellow('note:')} left out ${count(skipped, 'message')} that did not come from Claude Code.`,
          )
        }
        return undefined
      }),
    )
}
