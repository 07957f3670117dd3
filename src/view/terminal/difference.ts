/** Shows the difference of two checkpoints: `+` added, `-` removed, `~` changed. */
import type { CollectionDiff, Difference, FieldChange, ItemChange } from '../difference.ts'
import { isText, objectOf } from '../fields.ts'
import { readMessage } from '../message.ts'
import { bold, count, dim, green, type Line, line, red, yellow } from './line.ts'
import { messageLines } from './message.ts'
import { totals } from './stat.ts'
import { keepsWords, textChange } from './text-change.ts'
import { type Fullness, indented, valueText } from './value.ts'

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
    yield bold('fields')
    for (const change of diff.fields) yield* indented(changeLines(change, style))
  }
  if (same) yield line`No differences.`
}

function* collectionLines(name: string, diff: CollectionDiff, style: Fullness): Generator<Line> {
  // In the order of the document, after the removed items, as in a patch.
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

/** Returns a line such as `run line-17 completed, 4 events: Right, that newline thing …`. */
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
  const head = name === 'runs' ? `${id ?? `#${index}`}` : `#${index} ${readMessage(after).who ?? id ?? ''}`
  yield line`${yellow('~')} ${bold(head)}`
  const newEvents = changes.filter(isNewEvent).length
  if (newEvents > 0) yield line`    ${green('+')} ${count(newEvents, 'event')}`
  yield* indented(
    changesTogether(
      changes.filter((change) => !isNewEvent(change)),
      style,
    ),
  )
}

const isNewEvent = ({ path, ...change }: FieldChange): boolean =>
  path[0] === 'events' && path.length === 2 && !('before' in change)

/** Shows a changed text by its words or lines, anything else as `before → after`. */
function changeLines(change: FieldChange, style: Fullness, names = [pathText(change.path)]): Line[] {
  const { before, after } = change
  const name = names.join(', ')
  const width = style.full ? Number.POSITIVE_INFINITY : 100
  if (!('before' in change)) return [line`${green('+')} ${name}: ${valueText(after, width)}`]
  if (!('after' in change)) return [line`${red('-')} ${name}: ${valueText(before, width)}`]
  if (isText(before) && isText(after) && isLookedInto(before, after))
    return [line`${yellow('~')} ${name}:`, ...indented(textChange(before, after, style))]
  return [line`${yellow('~')} ${name}: ${red(valueText(before, width))} → ${green(valueText(after, width))}`]
}

const isLookedInto = (before: string, after: string): boolean =>
  `${before}${after}`.includes('\n') || (isLong(after) && keepsWords(before, after))

const isLong = (text: string): boolean => text.length > 30 && text.includes(' ')

/**
 * Shows changes. A text that changed in several places, such as the content of a message and its part, is shown once
 * with all its paths.
 */
function changesTogether(changes: readonly FieldChange[], style: Fullness): Line[] {
  const names = new Map<string, { change: FieldChange; names: string[] }>()
  for (const [n, change] of changes.entries()) {
    const { before, after } = change
    const key =
      isText(before) && isText(after) && isLong(`${before}${after}`)
        ? JSON.stringify([before, after])
        : `${n}`
    const same = names.get(key)
    if (same === undefined) names.set(key, { change, names: [pathText(change.path)] })
    else same.names.push(pathText(change.path))
  }
  return [...names.values()].flatMap((one) => changeLines(one.change, style, one.names))
}

/** Formats a path, such as `metadata.import.cursor.lines` or `parts[2].text`. */
const pathText = (path: readonly (string | number)[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')

function* signed(colour: (sign: string) => Line, sign: string, lines: readonly Line[]): Generator<Line> {
  for (const one of lines) yield line`${colour(sign)} ${one}`
}

const isEmpty = ({ added, removed, changed }: CollectionDiff): boolean =>
  added.length + removed.length + changed.length === 0
