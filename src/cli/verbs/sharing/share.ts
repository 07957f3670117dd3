/** `push`, `fetch` and `sync`: their output, and their common options. */
import type { Command } from 'commander'
import { NotFoundError } from '../../../errors.ts'
import { parseRef } from '../../../ids.ts'
import { encodeName } from '../../../ref-part.ts'
import type { FetchReport, PushReport } from '../../../sync/report.ts'
import { count, dim, green, type Line, line, red, yellow } from '../../../view/terminal/line.ts'
import { cleanFiles } from '../../clean-files.ts'
import type { Context } from '../../context.ts'
import { EXIT, type ExitCode } from '../../exit-codes.ts'
import { type Action, type AddVerb, examples } from '../../verb.ts'

interface Options {
  only?: string[]
  deepen?: boolean
  workspace?: boolean
  allow?: string[]
  secrets?: boolean
}

/** `forkpoint push`: JSON of PushReport. Exit code 1 if a session was refused, 3 if the remote has moved on. */
export const addPush: AddVerb = (program, run) => {
  pushed(shared(program.command('push').description('send what was saved and deleted to a remote')))
    .addHelpText('after', examples('push', 'push origin --only demo'))
    .action(run(exchange(async (store, how) => ({ push: await store.push(how) }))))
}

/** `forkpoint fetch`: JSON of FetchReport. */
export const addFetch: AddVerb = (program, run) => {
  shared(program.command('fetch').description('bring what others have saved and deleted from a remote'))
    .option('--deepen', 'also bring older checkpoints that clone --depth has left there')
    .addHelpText('after', examples('fetch', 'fetch origin --only demo'))
    .action(run(exchange(async (store, how) => ({ fetch: await store.fetch(how) }))))
}

/** `forkpoint sync`: JSON of SyncReport. Exit codes as `push`. */
export const addSync: AddVerb = (program, run) => {
  pushed(shared(program.command('sync').description('fetch, then push')))
    .addHelpText('after', examples('sync'))
    .action(run(exchange((store, how) => store.sync(how))))
}

const shared = (command: Command): Command =>
  command
    .argument('[remote]', 'name of the remote (default: origin, or the only one)')
    .option('--only <session...>', 'only these sessions')

const pushed = (command: Command): Command =>
  command
    .option('--workspace', 'send files of workspaces, too')
    .option('--allow <text...>', 'let these texts pass although they look like secrets')
    .option('--no-secrets', 'do not look for secrets in what is sent')

type Store = Context['stores']['existing']
type How = NonNullable<Parameters<Store['push']>[0] & Parameters<Store['fetch']>[0]>

/** Makes the action of a verb that exchanges sessions with a remote. */
function exchange(
  work: (store: Store, how: How) => Promise<{ fetch?: FetchReport; push?: PushReport }>,
): Action<[remote: string | undefined, options: Options]> {
  return async (context, remote, { allow, deepen = false, only, secrets = true, workspace = false }) => {
    const { out, stores } = context
    const clean = cleanFiles(context)
    const sessions = await stores.allNamed(only)
    const { fetch, push } = await work(stores.existing, {
      remote,
      only: sessions,
      deepen,
      workspace,
      memory: clean.memory,
      secrets: secrets && (allow === undefined ? {} : { allow }),
      onProgress: out.phases(),
    }).finally(clean.save)
    await checkNamed(stores.existing, sessions, [fetch, push])
    const shown = push && shownReport(push)
    if (out.json) await out.document(fetch && shown ? { fetch, push: shown } : (fetch ?? shown))
    else {
      if (fetch !== undefined) await sayFetch(context, fetch)
      if (push !== undefined) await sayPush(context, push)
    }
    return push && codeOf(push)
  }
}

/**
 * Checks that each session is in the store, or was so, or at the remote.
 *
 * @param reports what was done with the sessions
 * @throws NotFoundError for one that is nowhere
 */
export async function checkNamed(
  store: Store,
  sessions: readonly string[] = [],
  reports: readonly (object | undefined)[],
): Promise<void> {
  const said = JSON.stringify(reports)
  for (const session of sessions) {
    const ref = encodeName(session)
    const isSaid = [JSON.stringify(session), `/${ref}/`, `/${ref}"`].some((name) => said.includes(name))
    if (!isSaid && !(await store.exists(session)))
      throw new NotFoundError(
        { kind: 'session', id: session },
        `There is no session '${session}', neither here nor at the remote.`,
      )
  }
}

const codeOf = ({ refused, behind }: PushReport): ExitCode | undefined =>
  refused.length > 0 ? EXIT.failed : behind.length > 0 ? EXIT.conflict : undefined

/** Returns the report with errors for programs. */
const shownReport = (report: PushReport) => ({
  ...report,
  refused: report.refused.map(({ session, reason, error }) => ({
    session,
    reason,
    ...(error && { code: error.code }),
  })),
})

async function sayFetch({ out, command }: Context, report: FetchReport): Promise<void> {
  const { remote, updated, diverged, deleted, kept, hidden, rewritten, outdated } = report
  const { archived, unarchived } = report
  for (const { from, to } of diverged)
    await out.line(line`${yellow('diverged')}  ${from}: yours is now ${to}, and stays the active branch`)
  for (const ref of updated) await out.line(line`${green('fetched')}   ${ref}`)
  for (const ref of deleted) await out.line(line`${red('deleted')}   ${ref}`)
  for (const one of archived) await out.line(line`${green('archived')}  ${one}: it was archived elsewhere`)
  for (const one of unarchived)
    await out.line(line`${green('back')}      ${one}: it was brought back from its archive elsewhere`)
  for (const ref of kept)
    await out.line(
      line`${yellow('kept')}      ${ref}: deleted elsewhere, but yours is newer; it is not pushed`,
    )
  for (const ref of rewritten)
    await out.line(line`${green('rewritten')} ${ref}: something was taken out of its history elsewhere`)
  for (const ref of outdated)
    await out.line(line`${yellow('outdated')}  ${ref}: its history was rewritten elsewhere; it is not pushed`)
  for (const ref of hidden)
    await out.line(line`${dim('hidden')}    ${ref}: deleted or rewritten, but still at ${remote}`)
  const changes = [updated, diverged, deleted, archived, unarchived, rewritten]
  if (changes.every((list) => list.length === 0)) await out.note(line`Nothing new at ${remote}.`)
  const session = sessionOf([...deleted, ...kept])
  if (session !== undefined)
    await out.note(dim(`Undo a deletion: ${command('restore', [session])} --deleted`))
  if (rewritten.length > 0)
    await out.note(dim(`To remove what was taken out from this disk, too: ${command('maintain')} --purge`))
  const waiting = sessionOf(outdated)
  if (waiting !== undefined)
    await out.note(dim(`To put it onto the new history: ${command('redact', [waiting])} --continue`))
}

async function sayPush({ out, command }: Context, report: PushReport): Promise<void> {
  const { remote, pushed, archived, deleted, refused, behind, kept, hidden } = report
  for (const ref of pushed) await out.line(line`${green('pushed')}    ${ref}`)
  for (const one of archived) await out.line(line`${green('archived')}  ${one} at ${remote}`)
  for (const ref of deleted) await out.line(line`${red('deleted')}   ${ref} at ${remote}`)
  for (const ref of hidden) await out.line(line`${dim('hidden')}    ${ref}: ${remote} lets nobody delete it`)
  for (const ref of kept)
    await out.line(line`${yellow('kept')}      ${ref}: deleted elsewhere, but yours is newer`)
  for (const ref of behind) await out.line(line`${yellow('behind')}    ${ref}: ${remote} has moved on`)
  const lines: Line[] = refused.map(({ session, reason }) => line`${red('refused')}   ${session}: ${reason}`)
  for (const one of lines) await out.line(one)
  if ([pushed, archived, deleted, refused, behind].every((list) => list.length === 0))
    await out.note(line`Nothing to push to ${remote}.`)
  else if (pushed.length > 0) await out.note(line`${count(pushed.length, 'ref')} at ${remote}.`)
  if (behind.length > 0) await out.note(dim(`Fetch first: ${command('sync', [remote])}`))
}

const sessionOf = ([key]: readonly string[]): string | undefined =>
  key === undefined ? undefined : parseRef(`refs/${key}`)?.session
