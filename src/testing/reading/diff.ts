import assert from 'node:assert/strict'
import { NotFoundError, UnsupportedError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { refused } from '../context.ts'
import { event, message, run, session } from '../samples.ts'

const NOTHING = { added: [], removed: [], changed: [] }

export const diffing: Chapter = (sentence) => {
  const needs: Needs = { needs: ['history'] }

  sentence('a checkpoint does not differ from itself', async ({ store }) => {
    const { id } = await store.save(session('s1', {}, 'one'))
    const { patch: _, ...data } = await store.diff('s1', 'main', id)
    assert.deepEqual(data, {
      from: { session: 's1', checkpoint: id },
      to: { session: 's1', checkpoint: id },
      fields: [],
      messages: NOTHING,
      runs: NOTHING,
      collections: { messages: NOTHING, runs: NOTHING },
    })
  })

  sentence('what was added, removed and changed between two checkpoints', needs, async ({ store }) => {
    const state = session('s1', { title: 'T', runs: [run('r1', [0])] }, 'one', 'two')
    const first = await store.save(state)
    const second = await store.save(
      session('s1', {
        config: { autoSave: true },
        messages: [message('m1', 'ONE'), message('m3', 'three')],
        runs: [{ ...run('r1', [0, 1]), status: 'done' }],
      }),
      { expected: 'any' },
    )
    const diff = await store.diff('s1', 'main~1', 'main')
    assert.deepEqual([diff.from.checkpoint, diff.to.checkpoint], [first.id, second.id])
    assert.deepEqual(sorted(diff.fields), [
      { path: ['config', 'autoSave'], after: true },
      { path: ['title'], before: 'T' },
    ])
    assert.deepEqual(diff.messages, {
      added: [{ index: 1, id: 'm3', item: message('m3', 'three') }],
      removed: [{ index: 1, id: 'm2', item: message('m2', 'two') }],
      changed: [
        {
          index: 0,
          id: 'm1',
          before: message('m1', 'one'),
          after: message('m1', 'ONE'),
          changes: [{ path: ['content'], before: 'one', after: 'ONE' }],
        },
      ],
    })
    assert.deepEqual(sorted(diff.runs.changed[0]!.changes), [
      { path: ['events', 1], after: event(1) },
      { path: ['status'], before: 'running', after: 'done' },
    ])
    assert.deepEqual(diff.collections, { messages: diff.messages, runs: diff.runs })
  })

  sentence('two sessions', async ({ store }) => {
    const one = await store.save(session('s1', {}, 'a'))
    const two = await store.save(session('s2', { title: 'T' }, 'a', 'b'))
    const diff = await store.diff({ session: 's1' }, { session: 's2', at: two.id })
    assert.deepEqual(
      [diff.from, diff.to],
      [
        { session: 's1', checkpoint: one.id },
        { session: 's2', checkpoint: two.id },
      ],
    )
    assert.deepEqual(sorted(diff.fields), [
      { path: ['id'], before: 's1', after: 's2' },
      { path: ['title'], after: 'T' },
    ])
    assert.deepEqual(diff.messages.added, [{ index: 1, id: 'm2', item: message('m2', 'b') }])
  })

  sentence('a session and its fork', async ({ store }) => {
    await store.save(session('s1', {}, 'a'))
    await store.fork('s1', { session: 's2' })
    const { fields, messages } = await store.diff({ session: 's1' }, { session: 's2' })
    assert.deepEqual(
      fields.map(({ path }) => path[0]),
      ['id', 'parent'],
    )
    assert.deepEqual(messages, NOTHING)
  })

  sentence('git’s own text', { needs: ['patch', 'history'] }, async ({ store }) => {
    await store.save(session('s1', {}, 'a line\nanother'))
    await store.append('s1', { messages: [message('m2', 'hello there')] })
    const patch = await (await store.diff('s1', 'main~1', 'main')).patch()
    assert.match(patch, /^diff --git /m)
    assert.match(patch, /^\+.*hello there/m)
    assert.equal(await (await store.diff('s1', 'main', 'main')).patch(), '')
  })

  sentence('git’s own text is refused without git', { lacks: ['patch'] }, async ({ store }) => {
    await store.save(session())
    const diff = await store.diff('s1', 'main', 'main')
    await refused(() => diff.patch(), UnsupportedError)
  })

  sentence('unknown revisions and wrong arguments are refused', async ({ store, any }) => {
    await store.save(session())
    await refused(() => store.diff('s1', 'main', 'nope'), NotFoundError, { kind: 'revision', id: 'nope' })
    await refused(() => store.diff({ session: 's1' }, { session: 'nobody' }), NotFoundError, { id: 'nobody' })
    await refused(() => any.diff('s1', 'main'), TypeError)
    await refused(() => any.diff({ session: 's1' }), TypeError)
  })
}

const sorted = <T extends { path: readonly (string | number)[] }>(changes: readonly T[]): T[] =>
  [...changes].sort((a, b) => (a.path.join('.') < b.path.join('.') ? -1 : 1))
