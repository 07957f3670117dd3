import { line } from '../../view/terminal/line.ts'
import { namedRef } from '../named-ref.ts'
import { type AddVerb, examples, REVISION } from '../verb.ts'

/** `forkpoint ref`: JSON of `{ session, ref?, checkpoint }`. */
export const addRef: AddVerb = (program, run) => {
  program
    .command('ref')
    .description('print what git calls a revision: the ref of a branch or tag, else the id of the checkpoint')
    .argument('<session>', REVISION)
    .addHelpText(
      'after',
      examples('ref PROJ-123', 'ref demo/before-refactor') +
        '  $ git --git-dir=./sessions log -p "$(forkpoint ref PROJ-123)"\n',
    )
    .action(
      run(async ({ out, stores }, place: string) => {
        const { store, session, at = '' } = await stores.find(place)
        const ref = await namedRef(store, session, at)
        const checkpoint = await store.resolve(session, at)
        if (out.json) await out.document({ session, ref, checkpoint })
        else await out.line(line`${ref ?? checkpoint}`)
      }),
    )
}
