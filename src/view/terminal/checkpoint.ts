/** Shows checkpoints as lines: one line in a log, or all details. */
import { type Names, namesAt, type ReadCheckpoint, type ReadSignature } from '../checkpoint.ts'
import { bold, dim, green, type Line, line, red, yellow } from './line.ts'
import { shortId, when } from './value.ts'

/** Returns one line of a log. */
export function checkpointLine(
  { id, createdAt, subject, kind, signature }: ReadCheckpoint,
  names: Names,
  /** Further facts about the checkpoint. */
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

/** Returns the details of a checkpoint, one per line, with the ref that the user named, if any. */
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
    yellow(`checkpoint ${checkpoint.id}`),
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [line`${dim(name.padEnd(12))}${value}`])),
    line``,
    line`    ${bold(checkpoint.subject)}`,
    ...(checkpoint.body === '' ? [] : ['', ...checkpoint.body.split('\n')].map((text) => line`    ${text}`)),
  ]
}

/** Says who signed, or why the signature is not good. */
function signatureLabel({ status, principal, key = '', reason = '' }: ReadSignature): Line {
  if (status === 'good') return dim(`signed by ${principal ?? key}`)
  return status === 'bad' ? red(`BAD signature: it ${reason}`) : yellow(`signature unknown: it ${reason}`)
}

const listed = (labels: readonly Line[]): Line =>
  labels.length === 0
    ? []
    : line`  (${labels.flatMap((label, index) => (index === 0 ? label : [...line`, `, ...label]))})`
