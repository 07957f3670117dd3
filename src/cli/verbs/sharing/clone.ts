import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { withoutPassword } from '../../../sync/connect.ts'
import { bold, count, dim, line } from '../../../view/terminal/line.ts'
import { UsageError } from '../../exit-codes.ts'
import { Stores } from '../../stores.ts'
import { type AddVerb, examples, wholeNumber } from '../../verb.ts'
import { checkNamed } from './share.ts'

interface Options {
  session?: string[]
  depth?: number
}

/** `forkpoint clone`: JSON of FetchReport and `{ folder }`. */
export const addClone: AddVerb = (program, run) => {
  program
    .command('clone')
    .description('make a store of the sessions of a server, of all or of some')
    .argument('<url>', 'https://…, ssh://…, user@host:path, or the path of a folder')
    .argument('<folder>', 'where the store is made')
    .option('--session <id...>', 'only these sessions')
    .option('--depth <n>', 'only so many checkpoints of each branch', wholeNumber)
    .addHelpText('after', examples('clone https://host/team/sessions.git ./sessions --session demo'))
    .action(
      run(async ({ out }, url: string, folder: string, { session, depth }: Options) => {
        if (depth === 0) throw new UsageError('--depth has to be 1 or more.')
        if (existsSync(folder) && readdirSync(folder).length > 0)
          throw new UsageError(`'${folder}' is not empty. Choose a new folder.`)
        const stores = new Stores(folder)
        try {
          await stores.sessions.addRemote('origin', url)
          const report = await stores.sessions.fetch({
            only: session,
            depth,
            onProgress: out.phases(),
          })
          await checkNamed(stores.sessions, session, [report])
          if (out.json) return out.document({ folder, ...report })
          await out.line(
            line`Cloned ${withoutPassword(url)} to ${bold(folder)}: ${count(report.updated.length, 'ref')}.`,
          )
          if (depth !== undefined)
            await out.note(dim("Older checkpoints are not here; 'forkpoint fetch --deepen' brings them."))
        } catch (error) {
          // The folder was empty or missing before. With a half of a store in it, the next try would be refused.
          await stores.close()
          for (const name of existsSync(folder) ? readdirSync(folder) : [])
            rmSync(join(folder, name), { recursive: true })
          throw error
        } finally {
          await stores.close()
        }
      }),
    )
}
