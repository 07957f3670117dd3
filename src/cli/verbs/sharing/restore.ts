import { NotFoundError } from '../../../errors.ts'
import { bold, line } from '../../text.ts'
import { type AddVerb, examples } from '../../verb.ts'

/** `forkpoint restore`: JSON of `{ session, refs: string[] }`. */
export const addRestore: AddVerb = (program, run) => {
  program
    .command('restore')
    .description('take back the deletion of a session that is shared, also one that was made elsewhere')
    .argument('<session>', 'session')
    .addHelpText('after', examples('restore demo'))
    .action(
      run(async ({ out, stores }, session: string) => {
        const refs = await stores.existing.restore(session)
        if (refs.length === 0 && !(await stores.existing.exists(session)))
          throw new NotFoundError(
            { kind: 'session', id: session },
            `Nothing of '${session}' can be restored: it was not deleted where a remote was set, or it was purged.`,
          )
        if (out.json) return void (await out.document({ session, refs }))
        await out.line(line`Restored ${bold(session)}${refs.length === 0 ? '' : `: ${refs.join(', ')}`}.`)
        return undefined
      }),
    )
}
