import type { RetentionPolicy, RetentionRule } from '../../../store/retention/policy.ts'
import type { PruneReport } from '../../../store/retention/prune.ts'
import { count, dim, type Line, line, short, yellow } from '../../../view/terminal/line.ts'
import type { Context } from '../../context.ts'
import { UsageError } from '../../exit-codes.ts'
import { type AddVerb, aDuration, aSize, examples, wholeNumber } from '../../verb.ts'
import { size } from './size.ts'

interface Options extends Partial<Omit<RetentionRule, 'keepTitles'>> {
  keepTitle?: string[]
  trash?: string
  yes?: boolean
}

/** `forkpoint prune`: JSON of PruneReport. */
export const addPrune: AddVerb = (program, run) => {
  program
    .command('prune')
    .description(
      "remove old sessions by a policy, or by the store's own; shows what would go unless told --yes",
    )
    .option(
      '--max-age <duration>',
      'remove sessions that were not saved to for so long, such as 90d',
      aDuration,
    )
    .option('--max-count <number>', 'keep so many sessions, the newest', wholeNumber)
    .option('--max-bytes <bytes>', 'keep so much on the disk, the newest, such as "5 GB"', aSize)
    .option('--min-age <duration>', 'keep every session so long after this store first saw it', aDuration)
    .option('--type <type>', 'only sessions of this type')
    .option('--project <folder>', 'only sessions that work in this folder')
    .option('--keep-title <pattern...>', 'keep sessions with such a title; * stands for any text')
    .option('--trash <duration>', 'how long they can be brought back (default: 30d)', aDuration)
    .option('-y, --yes', 'remove them')
    .addHelpText(
      'after',
      examples('prune --max-age 90d', 'prune --max-age 90d --keep-title "*release*" --yes'),
    )
    .action(
      run(async (context, options: Options) => {
        const { out, stores } = context
        const { yes = false } = options
        const { retention } = stores.existing
        const policy = policyOf(options) ?? (await retention.policy())
        const report = await retention.prune(policy, { dryRun: !yes, onProgress: out.phases('prune') })
        const hasRules = policy !== undefined && policy.rules.length > 0
        await out.report(report, described(context, report), [
          ...(hasRules ? [] : [line`The store has no policy. ${WHAT_GOES}`]),
          ...advice(context, report, yes),
        ])
      }),
    )
}

const WHAT_GOES = 'Say what goes: --max-age, --max-count or --max-bytes.'

/** Returns the policy of the options; `undefined` for the policy of the store. */
function policyOf({ keepTitle, trash, yes: _, ...rest }: Options): RetentionPolicy | undefined {
  const rule = { ...rest, ...(keepTitle && { keepTitles: keepTitle }) }
  if (Object.keys(rule).length === 0 && trash === undefined) return undefined
  if (rule.maxAge === undefined && rule.maxCount === undefined && rule.maxBytes === undefined)
    throw new UsageError(WHAT_GOES)
  return { rules: [rule], ...(trash !== undefined && { trash }) }
}

function described({ out }: Context, { removals, protections, kept, frees }: PruneReport): Line[] {
  const rows = removals.map(({ session, title, why, lastUse, bytes }) => [
    yellow(session),
    dim(new Date(lastUse).toISOString().slice(0, 10)),
    line`${bytes === undefined ? '' : size(bytes)}`,
    line`${REASONS[why]}`,
    line`${short(title ?? '', 50)}`,
  ])
  const protectedOnes = protections.map(({ session, by }) => line`${yellow(session)} stays: ${PROTECTED[by]}`)
  const sum = line`${count(removals.length, 'session')} to remove, ${count(kept, 'session')} to keep${frees === undefined ? '' : `; frees ${size(frees)}`}.`
  return [...out.table(rows, [1, 2]), ...protectedOnes, sum]
}

const REASONS = { age: 'too old', count: 'too many', bytes: 'too much' } as const

const PROTECTED = {
  tag: 'it has a tag',
  pin: 'its metadata says keep',
  title: 'its title is to be kept',
  minAge: 'it is not long in this store',
  damage: 'it cannot be read',
} as const

function advice({ command }: Context, { removals, removed, changed }: PruneReport, yes: boolean): Line[] {
  if (removals.length === 0) return []
  if (!yes)
    return [
      dim('Nothing was removed. To remove them, add --yes.'),
      dim(`To keep one, tag it: ${command('tag', [removals[0]!.session, 'keep'])}`),
    ]
  return [
    dim(
      `Removed ${count(removed.length, 'session')}. To bring one back: ${command('restore', [removed[0] ?? removals[0]!.session])}`,
    ),
    ...changed.map((session) => line`${yellow(session)} was changed meanwhile, and stays.`),
    dim(`To free the disk now: ${command('maintain')} --purge`),
  ]
}
