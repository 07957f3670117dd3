import type { Command } from 'commander'
import { NotFoundError } from '../../../errors.ts'
import { writeNamedFile } from '../../../named-file.ts'
import { redactValue } from '../../../redaction/redact.ts'
import { withKeyOf } from '../../../store/redaction/key.ts'
import type { Place } from '../../../store/session-store.ts'
import { bold, count, line, yellow } from '../../../view/terminal/line.ts'
import type { Clean } from '../../../viewer/export/html.ts'
import type { Reading } from '../../../viewer/export/reading.ts'
import { pricesOf } from '../../prices.ts'
import type { Found, Stores } from '../../stores.ts'
import { examples, PRICES, type Run } from '../../verb.ts'
import { VERSION } from '../../version.ts'

interface Options {
  output?: string
  overwrite?: boolean
  redact: boolean
  prices?: string
}

type Write = (reading: Reading, stores: Stores, clean: Clean) => AsyncIterable<string>

const FORMATS: readonly (readonly [name: string, about: string, write: Write])[] = [
  [
    'html',
    'write a session as one page that stands alone, to read in any browser',
    async function* (reading, stores, clean) {
      const { htmlOf } = await import('../../../viewer/export/html.ts')
      const { codeChanges } = await import('../../../viewer/export/code-changes.ts')
      const files = await codeChanges(stores.existing, reading.view)
      yield await htmlOf(reading, files, { store: stores.folder, version: VERSION, writable: false }, clean)
    },
  ],
  [
    'markdown',
    'write a session as one Markdown file',
    async function* (reading, _, clean) {
      const { markdownOf } = await import('../../../viewer/export/markdown.ts')
      yield* markdownOf(reading, clean)
    },
  ],
]

/**
 * `forkpoint export html|markdown <range>`: JSON of `{ session, messages, redacted }`, and `file` with `-o`, else `text`.
 */
export function addReadable(verb: Command, run: Run): void {
  for (const [name, about, write] of FORMATS) {
    verb
      .command(name)
      .description(about)
      .argument(
        '<range>',
        'a session, one of its checkpoints, or the turns after one: demo, demo/main~3, demo/main~3..main',
      )
      .option('-o, --output <file>', 'default: print it to stdout')
      .option('--overwrite', 'replace the file')
      .option(...PRICES)
      .option('--no-redact', 'leave secrets in')
      .addHelpText(
        'after',
        examples(
          `export ${name} demo -o demo.${name === 'html' ? 'html' : 'md'}`,
          `export ${name} demo/main~3..main`,
        ),
      )
      .action(
        run(async ({ out, stores, env }, range: string, options: Options) => {
          const { output, overwrite = false, redact } = options
          const prices = pricesOf(options.prices, env)
          const { place, after } = await placesIn(stores, range)
          const { readingOf } = await import('../../../viewer/export/reading.ts')
          const { redactSecrets } = await import('../../../redaction/secrets.ts')
          const reading = await readingOf(
            { store: stores.existing, storeOf: (session) => stores.ofTypeOf(session), prices },
            place,
            after,
          )
          let found = 0
          const secrets = withKeyOf(stores.existing, redactSecrets({ onFinding: () => found++ }))
          const clean: Clean = async (value) => (redact ? redactValue(value, secrets, []) : value)
          const pieces = write(reading, stores, clean)
          const messages = reading.view.messages - reading.view.start
          if (output === undefined && !out.json)
            for await (const piece of pieces) await out.exact(Buffer.from(piece))
          else {
            let text = ''
            for await (const piece of pieces) text += piece
            if (output !== undefined) await writeNamedFile(output, text, { overwrite })
            const written = output === undefined ? { text } : { file: output }
            if (out.json)
              await out.document({ session: place.session, ...written, messages, redacted: found })
            else await out.line(line`${bold(output as string)}  ${count(messages, 'message')}`)
          }
          if (found > 0)
            await out.note(
              line`${yellow('note:')} took out ${count(found, 'secret')}; --no-redact leaves them in.`,
            )
        }),
      )
  }
}

/**
 * Parses `demo/main~3..main`: the turns after the first revision, up to the second, which may repeat the session. An id
 * may contain `..`, so a text that names a checkpoint is not a range.
 *
 * @throws NotFoundError
 */
async function placesIn(stores: Stores, range: string): Promise<{ place: Place; after?: string }> {
  const whole = await found(() => stores.find(range))
  if (whole !== undefined && (await isRevision(whole))) return { place: whole }
  for (const { index } of range.matchAll(/(?<=[^/.])\.\.(?![/.])/g)) {
    const [first, second] = [range.slice(0, index), range.slice(index + 2)]
    const from = await found(() => stores.find(first))
    if (from === undefined) continue
    const { store, session, at = '' } = from
    const to = { store, session, at: second }
    const named = (await isRevision(to)) ? undefined : await found(() => stores.find(second))
    return { place: named?.session === session ? named : to, after: at === '' ? '@' : at }
  }
  return { place: whole ?? (await stores.find(range)) }
}

const isRevision = async ({ store, session, at = '' }: Found): Promise<boolean> =>
  (await found(() => store.resolve(session, at))) !== undefined

/** Returns `undefined` for what does not exist. */
async function found<T>(find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find()
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
