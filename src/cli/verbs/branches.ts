import { dim, green, line, yellow } from '../../view/terminal/line.ts'
import { shortId, when } from '../../view/terminal/value.ts'
import { type AddVerb, examples } from '../verb.ts'

/** `forkpoint branches`: JSON lines of Branch, each with `createdAt` and `subject` of its newest checkpoint. */
export const addBranches: AddVerb = (program, run) => {
  program
    .command('branches')
    .description('list the branches of a session; the active one has a *')
    .argument('<session>', 'session')
    .addHelpText('after', examples('branches demo'))
    .action(
      run(async ({ out, stores }, given: string) => {
        const store = stores.existing
        const session = await stores.named(given)
        const branches = []
        for (const branch of await store.branches(session)) {
          const { createdAt, subject } = await store.checkpoint(session, branch.head)
          branches.push({ ...branch, createdAt, subject })
        }
        await out.list(
          branches,
          ({ name, head, active, createdAt, subject }) => [
            active ? line`* ${green(name)}` : line`  ${name}`,
            yellow(shortId(head)),
            dim(when(createdAt)),
            line`${subject}`,
          ],
          { spare: [2] },
        )
      }),
    )
}
