import { bold, dim, line, yellow } from '../../view/terminal/line.ts'
import { shortId } from '../../view/terminal/value.ts'
import { UsageError } from '../exit-codes.ts'
import { type AddVerb, examples, REVISION } from '../verb.ts'

interface Options {
  branch?: string
  session?: string
  switch?: boolean
}

/** `forkpoint fork`: JSON of `{ from: { session, checkpoint }, session, branch, checkpoint, undo: string[] }`. */
export const addFork: AddVerb = (program, run) => {
  program
    .command('fork')
    .description('start a branch, or a new session, at any checkpoint; nothing is copied')
    .argument('<session>', REVISION)
    .option('-b, --branch <name>', 'name of the new branch')
    .option('--session <id>', 'id of a new session to start instead')
    .option('--switch', 'also make the new branch the active one')
    .addHelpText(
      'after',
      examples('fork demo/main~3 --branch try-postgres', 'fork demo/before-refactor --session demo-2'),
    )
    .action(
      run(async ({ out, stores, command }, place: string, options: Options) => {
        if (options.branch === undefined && options.session === undefined) {
          throw new UsageError('A fork needs a name: --branch <name>, or --session <id> for a new session.')
        }
        const { store, session, at = '' } = await stores.find(place)
        const source = await store.resolve(session, at)
        const checkpoint = await store.fork(session, {
          at: source,
          branch: options.branch,
          session: options.session,
        })
        const made = { session: options.session ?? session, branch: options.branch ?? 'main' }
        const undo: string[] = []
        if (options.session !== undefined) undo.push(command('delete', [made.session]))
        else undo.push(command('delete', [session], { branch: made.branch }))
        if (options.switch === true) {
          const before = (await store.branches(made.session)).find(({ active }) => active)?.name ?? 'main'
          await store.switch(made.session, made.branch)
          if (options.session === undefined) undo.unshift(command('switch', [session, before]))
        }
        if (out.json) {
          const from = { session, checkpoint: source }
          return out.document({ from, ...made, checkpoint: checkpoint.id, undo })
        }
        const what = options.session === undefined ? 'Branch' : 'Session'
        const name = options.session === undefined ? made.branch : made.session
        await out.line(
          line`${what} ${bold(name)} starts at ${yellow(shortId(source))} of ${session}: ${(await store.checkpoint(session, source)).subject}`,
        )
        await out.note(dim(`Undo: ${undo.join(' && ')}`))
      }),
    )
}
