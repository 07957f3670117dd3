import type { Command } from 'commander'
import { checkRemote } from '../../../sync/check/remote-check.ts'
import type { TriedPromise } from '../../../sync/check/report.ts'
import { bold, dim, green, type Line, line, red, yellow } from '../../../view/terminal/line.ts'
import { tableLines } from '../../../view/terminal/table.ts'
import { EXIT } from '../../exit-codes.ts'
import { examples, type Run, wholeNumber } from '../../verb.ts'

interface Options {
  mapped?: boolean
  size?: number
}

/** `forkpoint remote check`: JSON of RemoteCheck. Exit code 1 if a requirement is not met. */
export const addCheck = (remote: Command, run: Run): void => {
  remote
    .command('check')
    .description('try what a server promises, with refs of its own that it deletes afterwards')
    .argument('<server>', 'the name of a remote of the store, or an address')
    .option('--mapped', 'try branches below refs/forkpoint/heads/, whatever the server has')
    .option('--size <MiB>', 'size of the large push (default: 2)', wholeNumber)
    .addHelpText(
      'after',
      examples('remote check https://host/team/sessions.git', 'remote check origin --json'),
    )
    .action(
      run(async ({ out, stores }, server: string, { mapped, size }: Options) => {
        const known = (await stores.sessions.remotes()).find(({ name }) => name === server)
        const check = await checkRemote(known?.url ?? server, {
          mapped: mapped ?? known?.mapped,
          size: size === undefined ? undefined : size << 20,
          onProgress: ({ phase }) => out.progress(phase),
        })
        await out.report(
          check,
          [bold(check.url), ...tableLines(check.promises.map(rowOf))],
          [
            ...check.left.map((ref) => line`${yellow('left')}  ${ref}: the server did not let it be deleted`),
            check.ok
              ? line`Sessions can be shared here. Whether a push is on the disk when it is acknowledged cannot be seen from outside: docs/fleet.md says how to set it.`
              : line`${red('Sessions cannot be shared here')}: something that is needed does not hold.`,
          ],
        )
        return check.ok ? EXIT.done : EXIT.failed
      }),
    )
}

const rowOf = ({ name, promise, holds, needed, milliseconds, note }: TriedPromise): Line[] => [
  holds === true ? green('yes') : holds === undefined ? dim('–') : needed ? red('no') : yellow('no'),
  line`${name}`,
  dim(milliseconds === undefined ? '' : `${milliseconds.toFixed(1)} ms`),
  line`${promise}${note === undefined ? '' : dim(` (${note})`)}`,
]
