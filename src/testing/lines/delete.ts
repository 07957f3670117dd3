import assert from 'node:assert/strict'
import { NotFoundError, UnsupportedError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { all, branchesOf, idsOf, refused } from '../context.ts'
import { message, session } from '../samples.ts'

export const deleting: Chapter = (sentence) => {
  const needs: Needs = { needs: ['branches', 'history'] }

  sentence('a deleted session is gone, and only that one', async ({ store }) => {
    await store.save(session('s1'))
    await store.save(session('s2'))
    assert.equal(await store.delete('s1'), true)
    assert.equal(await store.exists('s1'), false)
    assert.equal(await store.load('s1'), undefined)
    await refused(() => store.checkpoint('s1'), NotFoundError, { kind: 'session' })
    assert.deepEqual(idsOf(await all(store.list())), ['s2'])
    assert.deepEqual(await store.load('s2'), session('s2'))
  })

  sentence('a second delete is a NotFoundError', async ({ store }) => {
    assert.equal(await store.delete('s1'), false)
    await store.save(session())
    assert.equal(await store.delete('s1'), true)
    assert.equal(await store.delete('s1'), false)
  })

  sentence('the id of a deleted session can be used again', async ({ store }) => {
    await store.save(session('s1', { title: 'old' }, 'one'))
    await store.delete('s1')
    const { seq, parents } = await store.save(session('s1', { title: 'new' }))
    assert.deepEqual([seq, parents], [1, []])
    assert.deepEqual(await store.load('s1'), session('s1', { title: 'new' }))
  })

  sentence('branches and tags go with their session', needs, async ({ store }) => {
    await store.save(session(), { tag: 't' })
    await store.fork('s1', { branch: 'other' })
    await store.switch('s1', 'other')
    await store.delete('s1')
    await store.save(session())
    assert.deepEqual(await branchesOf(store, 's1'), ['main (active)'])
    assert.deepEqual(await store.tags('s1'), [])
  })

  sentence('a branch', needs, async ({ store }) => {
    const first = await store.save(session())
    await store.fork('s1', { branch: 'other' })
    await store.append('s1', { messages: [message('m1')] }, { branch: 'other' })
    assert.equal(await store.delete('s1', { branch: 'other' }), true)
    assert.equal(await store.delete('s1', { branch: 'other' }), false)
    assert.equal(await store.delete('nobody', { branch: 'other' }), false)
    assert.deepEqual(await store.branches('s1'), [{ name: 'main', head: first.id, active: true }])
  })

  sentence('when the active branch is deleted, main is active again', needs, async ({ store }) => {
    const first = await store.save(session())
    await store.fork('s1', { branch: 'other' })
    await store.switch('s1', 'other')
    await store.append('s1', { messages: [message('m1')] })
    assert.equal(await store.delete('s1', { branch: 'other' }), true)
    assert.deepEqual(await store.branches('s1'), [{ name: 'main', head: first.id, active: true }])
    assert.deepEqual(await store.load('s1'), session())
  })

  sentence('main can be deleted when another branch is active', needs, async ({ store }) => {
    await store.save(session())
    await store.fork('s1', { branch: 'other' })
    await refused(() => store.delete('s1', { branch: 'main' }), UnsupportedError)
    await store.switch('s1', 'other')
    assert.equal(await store.delete('s1', { branch: 'main' }), true)
    assert.deepEqual(await branchesOf(store, 's1'), ['other (active)'])
    const made = await store.append('s1', { messages: [message('m1')] })
    assert.equal(made.branch, 'other')
    await store.fork('s1', { branch: 'third' })
    await refused(() => store.delete('s1', { branch: 'other' }), UnsupportedError)
  })

  sentence('the only branch goes with the session', needs, async ({ store }) => {
    await store.save(session())
    await refused(() => store.delete('s1', { branch: 'main' }), UnsupportedError)
    assert.deepEqual(await store.load('s1'), session())
  })

  sentence('a tag', needs, async ({ store }) => {
    const { id } = await store.save(session(), { tag: 't' })
    assert.equal(await store.delete('s1', { tag: 't' }), true)
    assert.equal(await store.delete('s1', { tag: 't' }), false)
    assert.equal(await store.delete('s1', { tag: 'main' }), false)
    assert.deepEqual(await store.tags('s1'), [])
    assert.equal(await store.resolve('s1', ''), id)
    await store.tag('s1', 't')
  })

  sentence('a branch and a tag at once is a TypeError', needs, async ({ store }) => {
    await store.save(session(), { tag: 't' })
    await refused(() => store.delete('s1', { branch: 'main', tag: 't' }), TypeError)
  })
}
