/** The diff of two checkpoints in git, which reads only files that differ, beside one of two whole states. */

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GitSessionStore } from '../../src/index.ts'
import { deepEqual, isJsonObject, type JsonObject, without } from '../../src/json-value.ts'
import { diffValues } from '../../src/store/state-diff.ts'
import { tempFolder } from '../git/real-git.ts'

const collections = ['messages', 'runs', 'files']
const OTHER = 'notes'

interface Item {
  id?: string
  text: string
  events?: { sequence: number }[]
}
type State = { id: string; [key: string]: unknown }

const text = fc.oneof(
  fc.constantFrom('a', 'b\nc', '{"$file": 1}'),
  fc.constantFrom('x', 'yz=').map((piece) => piece.repeat(20_000)),
)
const items = (named: boolean) =>
  fc
    .uniqueArray(fc.nat(300), { maxLength: 230, size: 'max' })
    .chain((ids) => fc.tuple(fc.constant(ids), fc.array(text, { minLength: 1, maxLength: 4 })))
    .map(([ids, texts]) =>
      ids.map((id, n): Item => ({ ...(named && { id: `i${id}` }), text: texts[n % texts.length]! })),
    )
const runs = fc.array(fc.nat(600), { maxLength: 3 }).map((counts) =>
  counts.map((count, n) => ({
    id: `r${n}`,
    text: 'run',
    events: Array.from({ length: count }, (_, sequence) => ({ sequence })),
  })),
)
const state = fc
  .record({ title: text, messages: items(true), runs, files: items(false), [OTHER]: items(true) })
  .map((fields) => ({ id: 's', ...fields }) as State)

/** Another state of much the same: a few items are new, gone, changed or moved. */
const edited = (before: State) =>
  fc
    .array(fc.tuple(fc.constantFrom(...collections, OTHER), fc.nat(), fc.nat(4)), { maxLength: 8 })
    .map((edits) => {
      const after = structuredClone(before) as State
      for (const [name, at, what] of edits) {
        const list = after[name] as Item[]
        const index = list.length === 0 ? 0 : at % list.length
        if (what === 0) list.push({ ...(name !== 'files' && { id: `new${list.length}` }), text: 'new' })
        else if (list.length === 0) continue
        else if (what === 1) list.splice(index, 1)
        else if (what === 2) list[index] = { ...list[index]!, text: `changed ${at}` }
        else if (what === 3) list.unshift(list.splice(index, 1)[0]!)
        else list[index]!.events?.push({ sequence: list[index]!.events!.length })
      }
      if (edits.length % 2 === 0) after.title = 'other'
      return after
    })

test('it is what two whole states differ in', { timeout: 120_000 }, async () => {
  const store = new GitSessionStore<State>(tempFolder(), { type: 'thing', collections })
  // Here `notes` is a collection as well: it lies in a folder that the other store knows nothing of.
  const writer = store.view<State>({ type: 'thing', collections: [...collections, OTHER] })
  let n = 0
  await fc.assert(
    fc.asyncProperty(
      state.chain((before) => fc.tuple(fc.constant(before), fc.oneof(edited(before), state))),
      async ([before, after]) => {
        // A save of what is there makes no checkpoint.
        fc.pre(!isDeepStrictEqual(before, after))
        const id = `s${n++}`
        await writer.save({ ...before, id })
        await writer.save({ ...after, id }, { expected: 'any', subject: 'second' })
        const { patch: _, from: __, to: ___, ...found } = await store.diff(id, 'main~1', 'main')
        expect(found).toEqual(modelDiff({ ...before, id }, { ...after, id }))
      },
    ),
    { numRuns: 60 },
  )
  await store.close()
})

/** Two whole states, compared item by item. */
function modelDiff(before: JsonObject, after: JsonObject) {
  const apart = new Set(collections)
  const byName = Object.fromEntries(
    collections.map((name) => [name, modelItems(before[name] as unknown[], after[name] as unknown[])]),
  )
  return {
    fields: diffValues(without(before, apart), without(after, apart)),
    messages: byName.messages,
    runs: byName.runs,
    collections: byName,
  }
}

function modelItems(before: unknown[], after: unknown[]) {
  const waiting = new Map(before.map((item, index) => [nameOf(item, index), index]))
  const added: object[] = []
  const changed: object[] = []
  for (const [index, item] of after.entries()) {
    const name = nameOf(item, index)
    const from = waiting.get(name)
    waiting.delete(name)
    const id = idOf(item)
    if (from === undefined) added.push({ index, id, item })
    else if (!deepEqual(before[from], item))
      changed.push({ index, id, before: before[from], after: item, changes: diffValues(before[from], item) })
  }
  const removed = [...waiting.values()].map((index) => ({
    index,
    id: idOf(before[index]),
    item: before[index],
  }))
  return { added, removed, changed }
}

const idOf = (item: unknown) => (isJsonObject(item) ? item.id : undefined)
const nameOf = (item: unknown, index: number) => idOf(item) ?? `#${index}`
