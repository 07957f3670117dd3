import type { ForkpointError } from '../../../errors.ts'
import { readNamedFile } from '../../../named-file.ts'
import { type Redact, type RedactedSecret, redactSecrets, redactTexts } from '../../../redaction/index.ts'
import { bold, count, dim, type Line, line, red, yellow } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { EXIT, UsageError } from '../../exit-codes.ts'
import { reportData, stillThere } from '../../old-objects.ts'
import { type AddVerb, examples } from '../../verb.ts'

interface Options {
  rule?: string[]
  rules?: string
  textFile?: string
  all?: boolean
  continue?: boolean
  remote?: string
  yes?: boolean
}

/** The findings of one rule: how many places, and the first of them. */
interface Found {
  rule: string
  places: number
  first: string
}

/**
 * `forkpoint redact`: JSON of ContinueReport and `{ session, done, findings: { rule, places, first }[], remotes }`.
 * Findings never show the secrets.
 */
export const addRedact: AddVerb = (program, run) => {
  program
    .command('redact')
    .description("take secrets out of a session's history; shows what would be rewritten unless told --yes")
    .argument(
      '<session>',
      'session; all that share checkpoints with it, such as forks, are rewritten as well',
    )
    .option('--rule <id...>', 'only what these rules find (default: all rules)')
    .option('--rules <file>', 'more rules: a gitleaks rule file')
    .option('--text-file <file>', 'take out the texts in this file, one a line, instead of what rules find')
    .option('--all', 'rewrite every session of the store')
    .option('--continue', 'put newer work onto a history that was rewritten, here or on another machine')
    .option('--remote <name>', 'with --continue: the remote to fetch from (default: origin, or the only one)')
    .option('-y, --yes', 'rewrite, and remove what was replaced from the disk; this cannot be undone')
    .addHelpText(
      'after',
      examples('redact demo', 'redact demo --text-file leaked.txt --yes', 'redact demo --continue --yes'),
    )
    .action(
      run(async (context, given: string, options: Options) => {
        const { out, stores } = context
        const { all = false, yes = false } = options
        const session = await stores.named(given)
        const places = new Map<string, Set<string>>()
        const redact = redactOf(options, ({ rule, path }) =>
          places.set(rule, (places.get(rule) ?? new Set()).add(path.join('.'))),
        )
        const how = {
          scope: all ? ('all' as const) : ('related' as const),
          dryRun: !yes,
          onProgress: out.phases('redact'),
          remote: options.remote,
        }
        const { existing } = stores
        const report = options.continue
          ? await existing.continueRewrite(session, redact, how)
          : { ...(await existing.rewrite(session, redact, how)), outdated: [] }
        const findings = [...places].map(([rule, found]) => ({
          rule,
          places: found.size,
          first: [...found][0] ?? '',
        }))
        const waits = yes && report.outdated.length > 0
        const isLeft = report.remaining.length > 0 || report.purgeError !== undefined || waits
        await out.report(
          { session, done: yes, ...reportData(report), findings },
          described(report, findings, yes),
          advice(context, { ...report, session, options }),
        )
        return isLeft ? EXIT.failed : undefined
      }),
    )
}

function redactOf(
  { rule, rules, textFile }: Options,
  onFinding: (finding: RedactedSecret) => unknown,
): Redact {
  if (textFile === undefined) return redactSecrets({ rules, only: rule, onFinding })
  if (rule !== undefined || rules !== undefined)
    throw new UsageError('Give --text-file, or --rule and --rules: one after the other.')
  return redactTexts(textsIn(textFile), { onFinding })
}

function textsIn(file: string): string[] {
  const texts = readNamedFile(file)
    .split(/\r?\n/)
    .filter((text) => text !== '')
  if (texts.length === 0) throw new UsageError(`'${file}' has no text to take out: write one a line.`)
  const short = texts.findIndex((text) => text.length < 4)
  if (short >= 0) throw new UsageError(`Text ${short + 1} in '${file}' has less than four characters.`)
  return texts
}

interface Report {
  checkpoints: number
  rewritten: number
  sessions: readonly string[]
  refs: readonly string[]
}

function described(report: Report, findings: readonly Found[], done: boolean): Line[] {
  const { checkpoints, rewritten, sessions, refs } = report
  if (rewritten === 0 && refs.length === 0)
    return [line`Nothing to take out of ${count(checkpoints, 'checkpoint')}.`]
  const verb = done ? 'Rewrote' : 'Would rewrite'
  return [
    line`${verb} ${bold(rewritten)} of ${count(checkpoints, 'checkpoint')}, in ${count(sessions.length, 'session')}: ${sessions.join(', ')}`,
    ...refs.map((ref) => line`  ${ref}`),
    ...findings.map(
      ({ rule, places, first }) => line`${yellow(rule)}: ${count(places, 'place')}, such as ${first}`,
    ),
  ]
}

function advice(
  { command }: Context,
  report: Report & {
    session: string
    options: Options
    remotes: readonly string[]
    remaining: readonly string[]
    outdated: readonly string[]
    purgeError?: ForkpointError
  },
): Line[] {
  const { session, options, remotes, outdated, refs } = report
  if (options.yes !== true) {
    if (refs.length === 0) return []
    const flags = [
      ...(options.rule ?? []).map((id) => ` --rule ${id}`),
      options.all === true ? ' --all' : '',
      options.continue === true ? ' --continue' : '',
    ]
    const { rules, textFile, remote } = options
    const words = {
      ...(rules && { rules }),
      ...(textFile && { 'text-file': textFile }),
      ...(remote && { remote }),
    }
    return [
      dim(`Nothing was changed. To do it: ${command('redact', [session], words)}${flags.join('')} --yes`),
    ]
  }
  const notes = stillThere('objects', report)
  if (outdated.length > 0)
    notes.push(red(`${outdated.join(', ')} still waits, because others keep rewriting it. Try again.`))
  if (remotes.length > 0)
    notes.push(
      line`Remotes that may still have it: ${remotes.join(', ')}. To take it out there: ${command('sync')}`,
    )
  if (refs.length > 0)
    notes.push(dim('Clones and backups still have what was taken out. Replace the secret where it is used.'))
  return notes
}
