import { ForkpointError } from '../../../errors.ts'
import { line } from '../../../view/terminal/line.ts'
import { UsageError } from '../../exit-codes.ts'
import { Stores } from '../../stores.ts'
import { type AddVerb, examples } from '../../verb.ts'
import { candidates, storeIn } from './candidates.ts'
import { SCRIPTS } from './scripts.ts'

/** `forkpoint completion`: prints a script for a shell; with words, one line per candidate for the last of them. */
export const addCompletion: AddVerb = (program, run) => {
  program
    .command('completion')
    .description('print the script that lets a shell complete verbs, options, sessions, branches and tags')
    .argument('<shell>', Object.keys(SCRIPTS).join(', '))
    .argument('[words...]', 'what the script asks: the words of a command line, each after a =')
    .addHelpText(
      'after',
      `${examples('completion bash > ~/.local/share/bash-completion/completions/forkpoint')}  $ source <(forkpoint completion zsh)
  $ forkpoint completion fish > ~/.config/fish/completions/forkpoint.fish
`,
    )
    .action(
      run(async ({ out, stores }, shell: string, given: string[]) => {
        const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
        if (script === undefined)
          throw new UsageError(`'${shell}' is none of ${Object.keys(SCRIPTS).join(', ')}.`)
        if (given.length === 0) return out.exact(Buffer.from(script))
        const words = given.map((word) => word.replace(/^=/, ''))
        const asked = new Stores(storeIn(words) ?? stores.folder)
        try {
          for (const word of await candidates(program, words, asked)) await out.line(line`${word}`)
        } catch (error) {
          // Something that does not exist cannot be completed; the command itself will say why.
          if (!(error instanceof ForkpointError)) throw error
        } finally {
          await asked.close()
        }
      }),
    )
}
