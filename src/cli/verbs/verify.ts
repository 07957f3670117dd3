import { EXIT } from '../exit-codes.ts'
import { count, green, line, red, yellow } from '../text.ts'
import { type AddVerb, examples } from '../verb.ts'

/** `forkpoint verify`: JSON of VerifyReport. Exit code 1 when there is a problem. */
export const addVerify: AddVerb = (program, run) => {
  program
    .command('verify')
    .description('read every checkpoint and check every object against its id; changes nothing')
    .argument('[session]', 'only this session')
    .addHelpText('after', examples('verify', 'verify demo --json'))
    .action(
      run(async ({ out, stores }, session: string | undefined) => {
        const report = await stores.existing.verify(session, {
          onProgress: ({ phase, done, total }) =>
            out.progress(`verify: ${phase} ${done}${total === undefined ? '' : ` of ${total}`}`),
        })
        out.endProgress()
        if (out.json) await out.document(report)
        else {
          for (const problem of report.problems) {
            const { where, message } = problem
            const at = problem.session === undefined ? '' : `session ${problem.session}, `
            await out.line(line`${red('problem')} ${at}${where}: ${message}`)
          }
          for (const { session, where, message } of report.foreign ?? [])
            await out.note(line`${yellow('note:')} session ${session ?? ''}, ${where}: ${message}`)
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
