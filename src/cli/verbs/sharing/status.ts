import { count, dim, green, line, red, yellow } from '../../../view/terminal/line.ts'
import { type AddVerb, examples } from '../../verb.ts'
import { checkNamed } from './share.ts'

/** `forkpoint status`: JSON of RemoteStatus. */
export const addStatus: AddVerb = (program, run) => {
  program
    .command('status')
    .description('how sessions here stand to those of a remote; fetches and changes nothing')
    .argument('[remote]', 'name of the remote (default: origin, or the only one)')
    .option('--only <session...>', 'only these sessions')
    .addHelpText('after', examples('status', 'status origin --json'))
    .action(
      run(async ({ out, stores, command }, remote: string | undefined, given: { only?: string[] }) => {
        const only = await stores.allNamed(given.only)
        const status = await stores.existing.remoteStatus({ remote, only })
        await checkNamed(stores.existing, only, [status.sessions])
        if (out.json) return out.document(status)
        for (const one of status.sessions) {
          for (const ref of one.ahead) await out.line(line`${green('ahead')}     ${ref}`)
          for (const ref of one.behind) await out.line(line`${yellow('behind')}    ${ref}`)
          for (const ref of one.diverged) await out.line(line`${yellow('diverged')}  ${ref}`)
          for (const ref of one.kept) await out.line(line`${yellow('kept')}      ${ref}`)
          for (const ref of one.outdated) await out.line(line`${yellow('outdated')}  ${ref}`)
          for (const ref of one.hidden) await out.line(line`${dim('hidden')}    ${ref}`)
          if (one.waiting)
            await out.line(
              line`${red('waiting')}   ${one.session}: what was deleted or rewritten is not yet so at ${status.remote}`,
            )
          if (one.refused !== undefined)
            await out.line(line`${red('refused')}   ${one.session}: ${one.refused}`)
        }
        const { length } = status.sessions
        await out.note(
          line`${count(length, 'session')} differ from ${status.remote}, ${status.same} are the same.`,
        )
        if (length > 0) await out.note(dim(command('sync', [status.remote])))
      }),
    )
}
