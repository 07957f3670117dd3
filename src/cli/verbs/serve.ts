import { type AddVerb, examples } from '../verb.ts'

/** `forkpoint serve`: JSON-RPC 2.0 on stdin and stdout, for programs in any language. */
export const addServe: AddVerb = (program, run) => {
  program
    .command('serve')
    .description('serve stores and agents to other programs: JSON-RPC 2.0, one message per line')
    .addHelpText('after', examples('serve'))
    .action(
      run(async ({ stores }) => {
        // Loaded only here, since agents take long to load and no other verb needs them.
        const { serve } = await import('../serve/server.ts')
        const end = () => process.stdin.destroy()
        for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, end)
        process.stdout.once('error', end)
        await serve(untilDestroyed(process.stdin), process.stdout, {
          version: program.version() ?? '',
          sign: stores.sign,
        })
        // A keep-alive connection to a model would keep the process running for seconds.
        process.exit(0)
      }),
    )
}

/** Yields the input. Ends without an error if the stream is destroyed or breaks. */
async function* untilDestroyed(input: NodeJS.ReadStream): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* input as AsyncIterable<Uint8Array>
  } catch {
    // Treated as the end of the input: what was received is served.
  }
}
