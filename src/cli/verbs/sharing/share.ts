/** `push`, `fetch` and `sync`: their output, and their common options. */
import type { Command } from 'commander'
import { parseRef } from '../../../ids.ts'
import type { FetchReport, PushReport } from '../../../sync/report.ts'
import { count, dim, green, type Line, line, red, yellow } from '../../../view/terminal/line.ts'
import { cleanFiles } from '../../clean-files.ts'
import type { Context } from '../../context.ts'
import { EXIT, type ExitCode } from '../../exit-codes.ts'
import { type AddVerb, examples } from '../../verb.ts'

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
    .action(
      run(async (context, remote: string | undefined, options: Options) => {
        const { stores, out } = context
        const { options: all, done } = await given(context, remote, options)
        const report = await stores.existing.push(all).finally(done)
        if (out.json) await out.document(shownReport(report))
        else await sayPush(context, report)
        return codeOf(report)
      }),
    )
}

/** `forkpoint fetch`: JSON of FetchReport. */
export const addFetch: AddVerb = (program, run) => {
  shared(program.command('fetch').description('bring what others have saved and deleted from a remote'))
    .option('--deepen', 'also bring older checkpoints that clone --depth has left there')
    .addHelpText('after', examples('fetch', 'fetch origin --only demo'))
    .action(
      run(async (context, remote: string | undefined, options: Options) => {
        const { stores, out } = context
        const { options: all, done } = await given(context, remote, options)
        const deepen = options.deepen === true
        const report = await stores.existing.fetch({ ...all, deepen }).finally(done)
        if (out.json) await out.document(report)
        else await sayFetch(context, report)
      }),
    )
}

/** `forkpoint sync`: JSON of SyncReport. Exit codes as `push`. */
export const addSync: AddVerb = (program, run) => {
  pushed(shared(program.command('sync').description('fetch, then push')))
    .addHelpText('after', examples('sync'))
    .action(
      run(async (context, remote: string | undefined, options: Options) => {
        const { stores, out } = context
        const { options: all, done } = await given(context, remote, options)
        const { fetch, push } = await stores.existing.sync(all).finally(done)
        if (out.json) await out.document({ fetch, push: shownReport(push) })
        else {
          await sayFetch(context, fetch)
          await sayPush(context, push)
        }
        return codeOf(push)
      }),
    )
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

async function given(context: Context, remote: string | undefined, options: Options) {
  const { out, stores } = context
  const clean = cleanFiles(context)
  const only = await stores.allNamed(options.only)
  const { workspace = false, allow, secrets = true } = options
  return {
    options: {
      remote,
      only,
      workspace,
      memory: clean.memory,
      secrets: secrets ? (allow === undefined ? {} : { allow }) : (false as const),
      onProgress: out.phases(),
    },
    done: clean.save,
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
  for (const { from, to } of diverged)
    await out.line(line`${yellow('diverged')}  ${from}: yours is now ${to}, and stays the active branch`)
  for (const ref of updated) await out.line(line`${green('fetched')}   ${ref}`)
  for (const ref of deleted) await out.line(line`${red('deleted')}   ${ref}`)
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
  if (updated.length + diverged.length + deleted.length + rewritten.length === 0)
    await out.note(line`Nothing new at ${remote}.`)
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
  const { remote, pushed, deleted, refused, behind, kept, hidden } = report
  for (const ref of pushed) await out.line(line`${green('pushed')}    ${ref}`)
  for (const ref of deleted) await out.line(line`${red('deleted')}   ${ref} at ${remote}`)
  for (const ref of hidden) await out.line(line`${dim('hidden')}    ${ref}: ${remote} lets nobody delete it`)
  for (const ref of kept)
    await out.line(line`${yellow('kept')}      ${ref}: deleted elsewhere, but yours is newer`)
  for (const ref of behind) await out.line(line`${yellow('behind')}    ${ref}: ${remote} has moved on`)
  const lines: Line[] = refused.map(({ session, reason }) => line`${red('refused')}   ${session}: ${reason}`)
  for (const one of lines) await out.line(one)
  if (pushed.length + deleted.length + refused.length + behind.length === 0)
    await out.note(line`Nothing to push to ${remote}.`)
  else if (pushed.length > 0) await out.note(line`${count(pushed.length, 'ref')} at ${remote}.`)
  if (behind.length > 0) await out.note(dim(`Fetch first: ${command('sync')}`))
}

const sessionOf = ([key]: readonly string[]): string | undefined =>
  key === undefined ? undefined : parseRef(`refs/${key}`)?.session
