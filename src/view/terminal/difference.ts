/** What differs between two checkpoints, for people: `+` added, `-` removed, `~` changed. */
import type { CollectionDiff, FieldChange, ItemChange } from '../difference.ts'
import { isText, objectOf } from '../fields.ts'
import { bold, count, dim, green, type Line, line, red, yellow } from './line.ts'
import { messageLines } from './message.ts'
import { type Fullness, indented, valueText } from './value.ts'

/** What differs between two documents. */
export interface Difference {
  fields: readonly FieldChange[]
  collections: Readonly<Record<string, CollectionDiff>>
}

export function* diffLines(diff: Difference, style: Fullness): Generator<Line> {
  let same = true
  for (const [name, collection] of Object.entries(diff.collections)) {
    if (isEmpty(collection)) continue
    same = false
    yield line``
    yield line`${bold(name)}  ${dim(totals(collection))}`
    yield* collectionLines(name, collection, style)
  }
  if (diff.fields.length > 0) {
    same = false
    yield line``
    yield line`${bold('fields')}`
    for (const change of diff.fields) yield* indented(changeLines(change, style))
  }
  if (same) yield line`No differences.`
}

function* collectionLines(name: string, diff: CollectionDiff, style: Fullness): Generator<Line> {
  // In the order of the document; what was removed first, as in a patch.
  for (const { index, item } of diff.removed) yield* signed(red, '-', itemLines(name, item, index, style))
  const later = [
    ...diff.added.map(({ index, item }) => ({
      index,
      lines: () => signed(green, '+', itemLines(name, item, index, style)),
    })),
    ...diff.changed.map((change) => ({ index: change.index, lines: () => changedItem(name, change, style) })),
  ].sort((a, b) => a.index - b.index)
  for (const { lines } of later) yield* lines()
}

function itemLines(name: string, item: unknown, index: number, style: Fullness): Line[] {
  if (name === 'runs') return [runLine(item)]
  const [head = [], ...body] = messageLines(item, index, style)
  return [head, ...body]
}

/** `run line-17 completed, 4 events: Right, that newline thing …` */
function runLine(run: unknown): Line {
  const { id, status, prompt, events } = objectOf(run)
  const about = [status, Array.isArray(events) ? count(events.length, 'event') : undefined]
  return line`${bold(String(id))} ${dim(about.filter((one) => one !== undefined).join(', '))} ${valueText(prompt ?? '', 80)}`
}

function* changedItem(
  name: string,
  { index, id, after, changes }: ItemChange,
  style: Fullness,
): Generator<Line> {
  const role = objectOf(after).role
  const head =
    name === 'runs' ? `${id ?? `#${index}`}` : `#${index} ${typeof role === 'string' ? role : (id ?? '')}`
  yield line`${yellow('~')} ${bold(head)}`
  const newEvents = changes.filter(isNewEvent).length
  if (newEvents > 0) yield line`    ${green('+')} ${count(newEvents, 'event')}`
  for (const change of changes) if (!isNewEvent(change)) yield* indented(changeLines(change, style))
}

const isNewEvent = ({ path, ...change }: FieldChange): boolean =>
  path[0] === 'events' && path.length === 2 && !('before' in change)

/** A changed text of several lines as its lines, anything else as `before → after`. */
function changeLines(change: FieldChange, { full }: Fullness): Line[] {
  const { path, before, after } = change
  const name = pathText(path)
  const width = full ? Number.POSITIVE_INFINITY : 100
  if (!('before' in change)) return [line`${green('+')} ${name}: ${valueText(after, width)}`]
  if (!('after' in change)) return [line`${red('-')} ${name}: ${valueText(before, width)}`]
  if (isText(before) && isText(after) && (before.includes('\n') || after.includes('\n'))) {
    return [line`${yellow('~')} ${name}:`, ...textChange(before, after, full)]
  }
  return [line`${yellow('~')} ${name}: ${red(valueText(before, width))} → ${green(valueText(after, width))}`]
}

/** The lines between what both texts begin and end with. */
function textChange(before: string, after: string, full: boolean): Line[] {
  const [a, b] = [before.split(/\r?\n/), after.split(/\r?\n/)]
  let start = 0
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const side = (lines: string[], sign: Line) => {
    const all = lines.slice(start, lines.length - end)
    const shown = full ? all : all.slice(0, CHANGED_LINES)
    const rest = all.length - shown.length
    return [
      ...shown.map((text) => line`    ${sign} ${text}`),
      ...(rest > 0 ? [line`    ${sign} ${dim(`… ${count(rest, 'more line')}`)}`] : []),
    ]
  }
  return [...side(a, red('-')), ...side(b, green('+'))]
}

const CHANGED_LINES = 20

/** `metadata.import.cursor.lines`, `parts[2].text` */
const pathText = (path: readonly (string | number)[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')

function* signed(colour: (sign: string) => Line, sign: string, lines: readonly Line[]): Generator<Line> {
  for (const one of lines) yield line`${colour(sign)} ${one}`
}

const totals = ({ added, removed, changed }: CollectionDiff): string =>
  [[added, 'added'] as const, [removed, 'removed'] as const, [changed, 'changed'] as const]
    .filter(([items]) => items.length > 0)
    .map(([items, what]) => `${items.length} ${what}`)
    .join(', ')

const isEmpty = ({ added, removed, changed }: CollectionDiff): boolean =>
  added.length + removed.length + changed.length === 0
