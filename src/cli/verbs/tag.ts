import { bold, dim, line, yellow } from '../../view/terminal/line.ts'
import { shortId, when } from '../../view/terminal/value.ts'
import { UsageError } from '../exit-codes.ts'
import { type AddVerb, examples, REVISION } from '../verb.ts'

/**
 * `forkpoint tag`: JSON of `{ session, name, checkpoint, undo: string[] }`; without a name: JSON lines of Tag, each
 * with `createdAt` and `subject` of its checkpoint.
 */
export const addTag: AddVerb = (program, run) => {
  program
    .command('tag')
    .description('give a checkpoint a permanent name; without a name, list the tags')
    .argument('<session>', REVISION)
    .argument('[name]', 'name of the new tag')
    .addHelpText('after', examples('tag demo before-refactor', 'tag demo/main~3 tests-green', 'tag demo'))
    .action(
      run(async ({ out, stores, command }, place: string, name: string | undefined) => {
        const { store, session, at } = await stores.find(place)
        if (name !== undefined) {
          const { checkpoint } = await store.tag(session, name, { at })
          const undo = command('delete', [session], { tag: name })
          if (out.json) return out.document({ session, name, checkpoint, undo: [undo] })
          const { subject } = await store.checkpoint(session, checkpoint)
          await out.line(
            line`Tag ${bold(name)} names ${yellow(shortId(checkpoint))} of ${session}: ${subject}`,
          )
          return out.note(dim(`Undo: ${undo}`))
        }
        if (at !== undefined)
          throw new UsageError(
            `Name the tag: ${command('tag', [place, '<name>'])}. To list tags: ${command('tag', [session])}`,
          )
        const tags = []
        for (const tag of await store.tags(session)) {
          const { createdAt, subject } = await store.checkpoint(session, tag.checkpoint)
          tags.push({ ...tag, createdAt, subject })
        }
        await out.list(
          tags,
          ({ name, checkpoint, createdAt, subject }) => [
            bold(name),
            yellow(shortId(checkpoint)),
            dim(when(createdAt)),
            line`${subject}`,
          ],
          { spare: [2] },
        )
      }),
    )
}
