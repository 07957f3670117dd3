import { writeNamedFile } from '../../../named-file.ts'
import { sarifOf } from '../../../store/scan/sarif.ts'
import type { FoundSecret } from '../../../store/scan/scan.ts'
import { count, dim, green, line, red, yellow } from '../../../view/terminal/line.ts'
import { cleanFiles } from '../../clean-files.ts'
import { EXIT } from '../../exit-codes.ts'
import { type AddVerb, examples } from '../../verb.ts'
import { VERSION } from '../../version.ts'

interface Options {
  sarif?: string
  rules?: string
}

/**
 * `forkpoint scan`: JSON lines of FoundSecret, or with `--sarif` one document. Exit code 1 if there is a secret. Data
 * without secrets is remembered in the user's cache folder.
 */
export const addScan: AddVerb = (program, run) => {
  program
    .command('scan')
    .description('look for secrets in what is stored: messages, commits, names, files; changes nothing')
    .argument('[session]', 'only this session')
    .option('--rules <file>', 'also look by the rules of a gitleaks file')
    .option('--sarif <file>', "write the findings as SARIF 2.1.0, '-' for stdout")
    .addHelpText('after', examples('scan', 'scan demo --json', 'scan --sarif secrets.sarif'))
    .action(
      run(async (context, given: string | undefined, { sarif, rules }: Options) => {
        const { out, stores } = context
        const session = given && (await stores.named(given))
        const clean = cleanFiles(context)
        const onProgress = (done: number) => out.progress(`scan: ${count(done, 'checkpoint')}`)
        const found: FoundSecret[] = []
        const options = { memory: clean.memory, onProgress, rules }
        for await (const finding of stores.existing.scan(session, options)) {
          found.push(finding)
          if (sarif === '-') continue
          if (out.json) await out.item(finding)
          else await out.line(shown(finding))
        }
        clean.save()
        const document = sarif === undefined ? undefined : sarifOf(found, stores.folder, VERSION)
        if (sarif === '-') await out.document(document)
        else if (sarif !== undefined)
          await writeNamedFile(sarif, `${JSON.stringify(document, undefined, 2)}\n`, { overwrite: true })
        const said = found.length === 0 ? green('No secrets found.') : red(count(found.length, 'secret'))
        await out.note(line`${said}`)
        return found.length === 0 ? EXIT.done : EXIT.failed
      }),
    )
}

function shown({ session, ref, checkpoint, message, where, rule, excerpt }: FoundSecret) {
  const at = [session ?? ref, checkpoint?.slice(0, 10), message].filter(
    (part) => part !== undefined && part !== '',
  )
  return line`${yellow(rule)}  ${at.join(' ')}  ${where}  ${dim(excerpt)}`
}
