import assert from 'node:assert/strict'
import { AlreadyExistsError, InvalidIdError, NotFoundError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { forEach, refused } from '../context.ts'
import { message, session } from '../samples.ts'

export const tagging: Chapter = (sentence) => {
  const needs: Needs = { needs: ['history'] }

  sentence('a tag keeps naming its checkpoint', needs, async ({ store }) => {
    const first = await store.save(session())
    const second = await store.append('s1', { messages: [message('m1')] })
    assert.deepEqual(await store.tag('s1', 'now'), { name: 'now', checkpoint: second.id })
    assert.deepEqual(await store.tag('s1', 'before', { at: 'main~1' }), {
      name: 'before',
      checkpoint: first.id,
    })
    await store.append('s1', { messages: [message('m2')] })
    assert.equal(await store.resolve('s1', 'now'), second.id)
    assert.equal(await store.resolve('s1', 'now~1'), first.id)
    assert.deepEqual(await store.load('s1', { at: 'before' }), session())
    assert.deepEqual(await store.tags('s1'), [
      { name: 'before', checkpoint: first.id },
      { name: 'now', checkpoint: second.id },
    ])
  })

  sentence('a session has no tags at first', async ({ store }) => {
    await store.save(session())
    assert.deepEqual(await store.tags('s1'), [])
  })

  sentence('a tag that exists is not moved', needs, async ({ store }) => {
    const first = await store.save(session())
    await store.tag('s1', 't')
    await store.append('s1', { messages: [message('m1')] })
    const exists = { kind: 'tag', id: 't', session: 's1' }
    await refused(() => store.tag('s1', 't'), AlreadyExistsError, exists)
    await refused(() => store.tag('s1', 't', { at: first.id }), AlreadyExistsError, exists)
    assert.equal(await store.resolve('s1', 't'), first.id)
  })

  sentence('a save can set a tag as well', needs, async ({ store }) => {
    const first = await store.save(session(), { tag: 'one' })
    const second = await store.append('s1', { messages: [message('m1')] }, { tag: 'two' })
    assert.deepEqual(await store.tags('s1'), [
      { name: 'one', checkpoint: first.id },
      { name: 'two', checkpoint: second.id },
    ])
  })

  sentence('a save whose tag exists is refused and saves nothing', needs, async ({ store }) => {
    const first = await store.save(session(), { tag: 't' })
    await refused(() => store.append('s1', { messages: [message('m1')] }, { tag: 't' }), AlreadyExistsError)
    const changed = session('s1', { title: 'T' })
    await refused(() => store.save(changed, { tag: 't', expected: 'any' }), AlreadyExistsError, {
      kind: 'tag',
      id: 't',
    })
    await refused(() => store.save(changed, { tag: 't', branch: 'new' }), AlreadyExistsError)
    assert.deepEqual(await store.checkpoint('s1'), first)
    assert.deepEqual((await store.branches('s1')).length, 1)
  })

  sentence('an unchanged save sets its tag all the same', needs, async ({ store }) => {
    const state = session()
    const saved = await store.save(state)
    assert.deepEqual(await store.save(state, { tag: 'a' }), saved)
    assert.deepEqual(await store.append('s1', {}, { tag: 'b' }), saved)
    assert.deepEqual(await store.save(state, { tag: 'a' }), saved)
    assert.deepEqual(
      (await store.tags('s1')).map(({ name, checkpoint }) => [name, checkpoint]),
      [
        ['a', saved.id],
        ['b', saved.id],
      ],
    )
  })

  sentence(
    'a tag keeps a checkpoint that no branch reaches',
    { needs: ['history', 'branches'] },
    async ({ store }) => {
      await store.save(session())
      await store.fork('s1', { branch: 'other' })
      const made = await store.append('s1', { messages: [message('m1')] }, { branch: 'other', tag: 'keep' })
      assert.equal(await store.delete('s1', { branch: 'other' }), true)
      await store.maintain({ purge: true })
      assert.equal((await store.load('s1', { at: 'keep' }))?.messages.length, 1)
      assert.equal(await store.resolve('s1', made.id.slice(0, 12)), made.id)
    },
  )

  sentence('a tag of one session does not exist in another', needs, async ({ store }) => {
    await store.save(session('s1'), { tag: 't' })
    await store.save(session('s2'))
    await refused(() => store.resolve('s2', 't'), NotFoundError)
    await store.tag('s2', 't')
  })

  sentence(
    'a tag of an unknown revision, and names that no tag can have, are refused',
    needs,
    async ({ store }) => {
      await store.save(session())
      await refused(() => store.tag('s1', 't', { at: 'nope' }), NotFoundError, {
        kind: 'revision',
        id: 'nope',
      })
      await forEach(['', 'a~1', 'a:b', '0'.repeat(40), '\u007f'], async (tag) => {
        await refused(() => store.tag('s1', tag), InvalidIdError)
      })
      assert.deepEqual(await store.tags('s1'), [])
    },
  )
}
