import { withoutPassword } from '../../../sync/connect.ts'
import { bold, dim, line } from '../../../view/terminal/line.ts'
import { type AddVerb, examples } from '../../verb.ts'
import { addCheck } from './remote-check.ts'

/** `forkpoint remote`: JSON of `{ name, url, mapped }`; `list` prints one per line. */
export const addRemoteVerb: AddVerb = (program, run) => {
  const remote = program
    .command('remote')
    .description('git servers that the store shares its sessions with')
    .addHelpText('after', examples('remote add origin ssh://git@host/team/sessions.git', 'remote list'))
  remote
    .command('add')
    .description(
      'add a server; where its repository also holds code, branches of sessions are kept apart from it',
    )
    .argument('<name>', 'name of the remote; origin is meant when none is named')
    .argument('<url>', 'https://…, ssh://…, user@host:path, or the path of a folder')
    .option('--mapped', 'keep branches of sessions below refs/forkpoint/heads/, whatever the server has')
    .action(
      run(async ({ out, stores, command }, name: string, url: string, { mapped }: { mapped?: boolean }) => {
        const added = await stores.sessions.addRemote(name, url, mapped === undefined ? {} : { mapped })
        if (out.json) return out.document(added)
        const where = added.mapped ? ', with branches below refs/forkpoint/heads/' : ''
        await out.line(line`Remote ${bold(name)} is ${withoutPassword(added.url)}${where}.`)
        await out.note(dim(`Undo: ${command('remote', ['remove', name])}`))
      }),
    )
  remote
    .command('remove')
    .description('remove a server from the store; the server itself stays as it is')
    .argument('<name>', 'name of the remote')
    .action(
      run(async ({ out, stores, command }, name: string) => {
        const url = (await stores.existing.remotes()).find((one) => one.name === name)?.url
        await stores.existing.removeRemote(name)
        if (out.json) return out.document({ name })
        await out.line(line`Removed remote ${bold(name)}.`)
        await out.note(dim(`Undo: ${command('remote', ['add', name, withoutPassword(url ?? '')])}`))
      }),
    )
  remote
    .command('list')
    .description('list the servers')
    .action(
      run(async ({ out, stores }) => {
        const found = await out.list(await stores.existing.remotes(), ({ name, url, mapped }) => [
          line`${bold(name)}  ${withoutPassword(url)}${mapped ? dim('  mapped') : ''}`,
        ])
        if (found === 0) await out.note(line`No remotes.`)
      }),
    )
  addCheck(remote, run)
}
