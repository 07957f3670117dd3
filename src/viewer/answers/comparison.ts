/** Compares two checkpoints: messages in order, with equal ones only counted. */
import type { FieldChange, Place } from '../../store/session-store.ts'
import type { ComparedRow, Comparison } from '../wire.ts'
import { shownItem } from './shown.ts'
import type { Source } from './source.ts'

/** Throws NotFoundError, and InvalidStateError for sessions of different types. */
export async function comparison(source: Source, from: Place, to: Place): Promise<Comparison> {
  const store = await source.typed(from.session)
  const diff = await store.diff(from, to)
  const [before, after] = [
    await source.store.checkpoint(diff.from.session, diff.from.checkpoint),
    await source.store.checkpoint(diff.to.session, diff.to.checkpoint),
  ]
  const { items } = await source.load(diff.to.session, diff.to.checkpoint)
  const name = Object.keys(diff.collections).find((key) => key !== 'runs') ?? 'messages'
  const { added = [], removed = [], changed = [] } = diff.collections[name] ?? {}
  const rows = rowsOf(items.length, {
    added: new Map(added.map(({ index, item }) => [index, item])),
    changed: new Map(changed.map((change) => [change.index, change])),
    removed: [...removed].sort((a, b) => a.index - b.index),
  })
  return {
    from: { session: diff.from.session, checkpoint: before },
    to: { session: diff.to.session, checkpoint: after },
    rows,
    fields: diff.fields.slice(0, MOST_FIELDS).map(shortField),
  }
}

/** Most rows and fields of one comparison. */
const MOST_ROWS = 1000
const MOST_FIELDS = 200
const LONGEST_FIELD = 4000

interface Differences {
  added: ReadonlyMap<number, unknown>
  changed: ReadonlyMap<number, { before: unknown; after: unknown; changes: readonly FieldChange[] }>
  removed: readonly { index: number; item: unknown }[]
}

/** Returns the rows in the order of the later document, with removed items where they were. */
function rowsOf(length: number, { added, changed, removed }: Differences): ComparedRow[] {
  const rows: ComparedRow[] = []
  const gone = [...removed]
  let [same, position] = [0, 0]
  const endSame = () => {
    if (same > 0) rows.push({ kind: 'same', count: same })
    same = 0
  }
  const addGone = () => {
    while (gone[0] !== undefined && gone[0].index <= position) {
      endSame()
      const { item, index } = gone.shift()!
      rows.push({ kind: 'removed', before: shownItem(item, index) })
      position++
    }
  }
  for (let index = 0; index < length && rows.length < MOST_ROWS; index++) {
    addGone()
    const change = changed.get(index)
    if (added.has(index)) {
      endSame()
      rows.push({ kind: 'added', after: shownItem(added.get(index), index) })
      continue
    }
    if (change === undefined) same++
    else {
      endSame()
      const { before, after, changes } = change
      const fields = changes.slice(0, MOST_FIELDS).map(shortField)
      rows.push({
        kind: 'changed',
        before: shownItem(before, position),
        after: shownItem(after, index),
        fields,
      })
    }
    position++
  }
  position = Number.POSITIVE_INFINITY
  addGone()
  endSame()
  return rows
}

/** Shortens the values of a changed field. */
function shortField({ path, ...values }: FieldChange): FieldChange {
  const short = (value: unknown): unknown => {
    const json = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
    return json.length <= LONGEST_FIELD ? value : `${json.slice(0, LONGEST_FIELD)}…`
  }
  return {
    path,
    ...('before' in values && { before: short(values.before) }),
    ...('after' in values && { after: short(values.after) }),
  }
}
