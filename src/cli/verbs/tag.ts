import { bold, columns, dim, line, yellow } from '../../view/terminal/line.ts'
import { shortId, when } from '../../view/terminal/value.ts'
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
          if (out.json) {
            await out.document({ session, name, checkpoint, undo: [undo] })
            return undefined
          }
          const { subject } = await store.checkpoint(session, checkpoint)
          await out.line(
            line`Tag ${bold(name)} names ${yellow(shortId(checkpoint))} of ${session}: ${subject}`,
          )
          await out.note(line`${dim(`Undo: ${undo}`)}`)
          return undefined
        }
        const rows = []
        for (const tag of await store.tags(session)) {
          const { createdAt, subject } = await store.checkpoint(session, tag.checkpoint)
          if (out.json) await out.item({ ...tag, createdAt, subject })
          else {
            const id = yellow(shortId(tag.checkpoint))
            rows.push([line`${bold(tag.name)}`, line`${id}`, line`${dim(when(createdAt))}`, line`${subject}`])
          }
        }
        await out.lines(columns(rows))
        return undefined
      }),
    )
}
