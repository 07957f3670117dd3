import { count, green, line, red, yellow } from '../../view/terminal/line.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { type AddVerb, ALLOWED_SIGNERS, examples } from '../verb.ts'

interface Options {
  signatures?: boolean
  allowedSigners?: string
}

/** `forkpoint verify`: JSON of GitVerifyReport. Exit code 1 if there is a problem. */
export const addVerify: AddVerb = (program, run) => {
  program
    .command('verify')
    .description('read every checkpoint and check every object against its id; changes nothing')
    .argument('[session]', 'only this session')
    .option(
      '--signatures',
      'also check who signed each checkpoint; one without a good signature is a problem',
    )
    .option(...ALLOWED_SIGNERS)
    .addHelpText(
      'after',
      examples(
        'verify',
        'verify demo --json',
        'verify --signatures --allowed-signers ~/.ssh/allowed_signers',
      ),
    )
    .action(
      run(async ({ out, stores }, given: string | undefined, options: Options) => {
        const { signatures: isWanted, allowedSigners } = options
        if (allowedSigners !== undefined && isWanted !== true)
          throw new UsageError('--allowed-signers goes with --signatures.')
        const session = given && (await stores.named(given))
        const report = await stores.existing.verify(session, {
          signatures: isWanted === true ? { allowedSigners } : undefined,
          onProgress: out.phases('verify'),
        })
        if (out.json) await out.document(report)
        else {
          for (const { session, where, message } of report.problems) {
            const at = session === undefined ? '' : `session ${session}, `
            await out.line(line`${red('problem')} ${at}${where}: ${message}`)
          }
          for (const { session, where, message } of report.foreign ?? [])
            await out.note(line`${yellow('note:')} session ${session ?? ''}, ${where}: ${message}`)
          for (const { key, principal, checkpoints } of report.signatures?.keys ?? []) {
            const whose = principal === undefined ? key : `${principal} (${key})`
            await out.line(line`${count(checkpoints, 'checkpoint')} signed by ${whose}`)
          }
          const read = line`${count(report.checkpoints, 'checkpoint')} read, ${count(report.objects, 'object')} checked`
          await out.line(
            report.ok
              ? line`${green('No problems:')} ${read}.`
              : line`${red(count(report.problems.length, 'problem'))}; ${read}.`,
          )
        }
        return report.ok ? EXIT.done : EXIT.failed
      }),
    )
}
