import { bold, dim } from '../../../view/terminal/line.ts'
import { hashOf } from '../../../viewer/address.ts'
import { UsageError } from '../../exit-codes.ts'
import { pricesOf } from '../../prices.ts'
import { type AddVerb, examples, PRICES, REVISION, wholeNumber } from '../../verb.ts'
import { VERSION } from '../../version.ts'
import { openBrowser } from './open-browser.ts'

interface Options {
  port?: number
  open: boolean
  write?: boolean
  prices?: string
}

/** `forkpoint view`: JSON of `{ address, port }`, as soon as the page can be opened. Runs until it is interrupted. */
export const addView: AddVerb = (program, run) => {
  program
    .command('view')
    .description('show sessions in a browser: a page on this machine, for you alone')
    .argument('[session]', REVISION)
    .option('--port <number>', 'port of 127.0.0.1 (default: a free one)', wholeNumber)
    .option('--no-open', 'do not open a browser')
    .option(...PRICES)
    .option('--write', 'let the page fork, tag and switch; without it the page only reads')
    .addHelpText('after', examples('view', 'view demo/main~3', 'view --no-open --port 7340'))
    .action(
      run(
        async (
          { out, stores, env },
          place: string | undefined,
          { port, open, write = false, prices }: Options,
        ) => {
          if (port !== undefined && port > 65_535) throw new UsageError('A port is a number up to 65535.')
          const found = place === undefined ? undefined : await stores.find(place)
          if (found?.at !== undefined) await found.store.resolve(found.session, found.at)
          const ended = interrupted()
          // Loaded only here, since no other verb needs it.
          const { startViewer } = await import('../../../viewer/server.ts')
          const viewer = await startViewer({
            store: stores.existing,
            storeOf: (session) => stores.ofTypeOf(session),
            prices: pricesOf(prices, env),
            info: { store: stores.folder, version: VERSION, writable: write },
            port,
            session: found?.session,
          }).catch((error: NodeJS.ErrnoException) => {
            if (error.code === 'EADDRINUSE')
              throw new UsageError(`Port ${port} is in use. Choose another --port.`)
            if (error.code === 'EACCES')
              throw new UsageError(`You may not use port ${port}. Choose another --port.`)
            throw error
          })
          const address = viewer.address + (found === undefined ? '' : hashOf(found))
          if (out.json) await out.document({ address, port: viewer.port })
          else {
            await out.line(bold(address))
            await out.note(
              dim(
                `The page ${write ? 'reads and changes' : 'only reads'} the store, and is for you alone. Ctrl-C ends it.`,
              ),
            )
          }
          if (open) openBrowser(address, env)
          await ended
          await viewer.close()
        },
      ),
    )
}

/** Resolves when the process gets a signal to end. */
const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
