import { NotFoundError } from '../../../errors.ts'
import { activeRef, type BranchName, branchRef, type SessionId, type TagName, tagRef } from '../../../ids.ts'
import { bold, count, dim, line } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { EXIT, UsageError } from '../../exit-codes.ts'
import { type AddVerb, examples } from '../../verb.ts'

interface Options {
  branch?: string
  tag?: string
  yes?: boolean
}

/** `forkpoint delete`: JSON of `{ session, branch?, tag?, refs: { [ref]: id }, undo: string[] }`. */
export const addDelete: AddVerb = (program, run) => {
  program
    .command('delete')
    .description('delete a session, or a branch or tag of it; asks first')
    .argument('<session>', 'session')
    .option('-b, --branch <name>', 'only this branch')
    .option('--tag <name>', 'only this tag')
    .option('-y, --yes', 'do not ask; required without a terminal')
    .addHelpText('after', examples('delete demo --branch try-postgres', 'delete demo --yes'))
    .action(
      run(async (context, given: string, options: Options) => {
        const { out, stores, git, command } = context
        const { branch, tag } = options
        if (branch !== undefined && tag !== undefined)
          throw new UsageError('Delete a --branch or a --tag, not both.')
        const store = stores.existing
        const session = await stores.named(given, ({ session, at }) =>
          /[~^]/.test(at) ? '' : `\nTo delete that branch: ${command('delete', [session], { branch: at })}`,
        )
        const branches = await store.branches(session)
        const active = branches.find((one) => one.active)?.name ?? 'main'
        const refs = await refsToDelete(context, session, { branch, tag })
        if (!(await agreed(context, question(session, options, refs), options))) {
          await out.note(line`Nothing was deleted.`)
          return EXIT.failed
        }
        const isWhole = branch === undefined && tag === undefined
        if (isWhole) await store.retention.discard(session)
        else await store.delete(session, { branch, tag })
        const undo = isWhole
          ? [command('restore', [session])]
          : [...refs].map(([ref, id]) => git('update-ref', ref, id))
        if (branch !== undefined && branch === active && active !== 'main')
          undo.push(git('symbolic-ref', ...activeTarget(session, active)))
        if (out.json) return out.document({ session, branch, tag, refs: Object.fromEntries(refs), undo })
        await out.line(line`Deleted ${bold(nameOf(session, options))}.`)
        const until = isWhole
          ? "'maintain --purge' removes it"
          : "'maintain --purge' or git's own gc removes it"
        await out.note(dim(`Undo, until ${until}:`))
        for (const command of undo) await out.note(dim(`  ${command}`))
      }),
    )
}

/**
 * Returns the refs that the deletion removes, with their ids. Throws NotFoundError if the branch or tag does not exist.
 */
async function refsToDelete(
  { stores }: Context,
  session: string,
  { branch, tag }: Options,
): Promise<Map<string, string>> {
  const refs = await stores.refsOf(session)
  if (branch === undefined && tag === undefined) return refs
  const ref =
    branch !== undefined
      ? branchRef(session as SessionId, branch as BranchName)
      : tagRef(session as SessionId, tag as TagName)
  const id = refs.get(ref)
  if (id === undefined) {
    throw new NotFoundError(
      branch === undefined
        ? { kind: 'tag', id: tag ?? '', session }
        : { kind: 'branch', id: branch, session },
    )
  }
  return new Map([[ref, id]])
}

/** Asks the user to agree. Without a terminal, `--yes` is required. */
async function agreed({ out }: Context, text: string, { yes = false }: Options): Promise<boolean> {
  if (yes) return true
  if (!out.interactive) throw new UsageError(`${text} There is no terminal to ask on. Pass --yes.`)
  return out.ask(text)
}

function question(session: string, options: Options, refs: ReadonlyMap<string, string>): string {
  const name = nameOf(session, options)
  if (options.branch !== undefined || options.tag !== undefined) return `Delete ${name}?`
  const [branches, tags] = ['refs/heads/', 'refs/tags/'].map(
    (folder) => [...refs.keys()].filter((ref) => ref.startsWith(folder)).length,
  )
  const parts = [count(branches ?? 0, 'branch', 'branches'), ...(tags ? [count(tags, 'tag')] : [])]
  return `Delete ${name} with ${parts.join(' and ')}?`
}

const nameOf = (session: string, { branch, tag }: Options): string =>
  branch !== undefined
    ? `branch ${branch} of ${session}`
    : tag !== undefined
      ? `tag ${tag} of ${session}`
      : `session ${session}`

const activeTarget = (session: string, branch: string): [string, string] => [
  activeRef(session as SessionId),
  branchRef(session as SessionId, branch as BranchName),
]
