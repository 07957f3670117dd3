import { isSameName } from '../../ref-part.ts'
import { bold, dim, line } from '../../view/terminal/line.ts'
import { type AddVerb, examples } from '../verb.ts'

/** `forkpoint switch`: JSON of `{ session, branch, before, undo: string[] }`. */
export const addSwitch: AddVerb = (program, run) => {
  program
    .command('switch')
    .description('make a branch the active one: the default for every command')
    .argument('<session>', 'session')
    .argument('<branch>', 'branch of it')
    .addHelpText('after', examples('switch demo try-postgres'))
    .action(
      run(async ({ out, stores, command }, given: string, branch: string) => {
        const store = stores.existing
        const session = await stores.named(given)
        const before = (await store.branches(session)).find(({ active }) => active)?.name ?? 'main'
        await store.switch(session, branch)
        const undo = command('switch', [session, before])
        if (out.json) await out.document({ session, branch, before, undo: [undo] })
        else if (isSameName(before, branch))
          await out.line(line`${bold(session)} is already on ${bold(branch)}.`)
        else {
          await out.line(line`${bold(session)} is now on ${bold(branch)}; it was on ${before}.`)
          await out.note(dim(`Undo: ${undo}`))
        }
      }),
    )
}
