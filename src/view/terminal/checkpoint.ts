/** Checkpoints as lines: one in a log, and all that is known of one. */
import { type Names, namesAt, type ReadCheckpoint, type ReadSignature } from '../checkpoint.ts'
import { bold, dim, green, type Line, line, red, yellow } from './line.ts'
import { shortId, when } from './value.ts'

/** One line of the log. */
export function checkpointLine(
  { id, createdAt, subject, kind, signature }: ReadCheckpoint,
  names: Names,
  /** What else is known of it. */
  notes: readonly Line[] = [],
): Line {
  const { branches, tags } = namesAt(id, names)
  const labels = [
    ...branches.map((name) => green(name)),
    ...tags.map((name) => yellow(`tag: ${name}`)),
    ...(kind === 'foreign' ? [dim('by another tool')] : []),
    ...(signature === undefined ? [] : [signatureLabel(signature)]),
    ...notes,
  ]
  return line`${yellow(shortId(id))}  ${dim(when(createdAt))}  ${subject}${listed(labels)}`
}

/** What is known of a checkpoint, a line each; with the ref that it was reached by, if that was one. */
export function checkpointDetails(checkpoint: ReadCheckpoint, names: Names, ref?: string): Line[] {
  const { branches, tags } = namesAt(checkpoint.id, names)
  const { messages, forkedFrom } = checkpoint
  const facts: [string, string | undefined][] = [
    ['date', when(checkpoint.createdAt)],
    ['session', checkpoint.session],
    ['ref', ref],
    ['saved on', checkpoint.branch || undefined],
    ['head of', branches.join(', ') || undefined],
    ['tags', tags.join(', ') || undefined],
    ['kind', checkpoint.kind],
    ['status', checkpoint.status],
    ['model', checkpoint.model],
    ['tokens', checkpoint.tokens?.toLocaleString('en-US')],
    ['run', checkpoint.run],
    [
      'messages',
      messages &&
        (messages.from === messages.to ? `#${messages.from}` : `#${messages.from} to #${messages.to}`),
    ],
    ['forked from', forkedFrom && `${forkedFrom.session} at ${shortId(forkedFrom.checkpoint)}`],
  ]
  return [
    line`${yellow(`checkpoint ${checkpoint.id}`)}`,
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [line`${dim(name.padEnd(12))}${value}`])),
    line``,
    line`    ${bold(checkpoint.subject)}`,
    ...(checkpoint.body === '' ? [] : ['', ...checkpoint.body.split('\n')].map((text) => line`    ${text}`)),
  ]
}

/** Who signed; what is wrong with it where it is not good. */
function signatureLabel({ status, principal, key = '', reason = '' }: ReadSignature): Line {
  if (status === 'good') return dim(`signed by ${principal ?? key}`)
  return status === 'bad' ? red(`BAD signature: it ${reason}`) : yellow(`signature unknown: it ${reason}`)
}

const listed = (labels: readonly Line[]): Line =>
  labels.length === 0
    ? []
    : line`  (${labels.flatMap((label, index) => (index === 0 ? label : [...line`, `, ...label]))})`
