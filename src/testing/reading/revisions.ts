import assert from 'node:assert/strict'
import { NotFoundError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { forEach, refused } from '../context.ts'
import { message, range, session } from '../samples.ts'

export const revisions: Chapter = (sentence) => {
  const needs: Needs = { needs: ['history'] }

  sentence('the tip is named by its id, by a branch, and by short forms', async ({ store }) => {
    const { id } = await store.save(session())
    for (const revision of [
      id,
      id.toUpperCase(),
      id.slice(0, 4),
      id.slice(0, 39),
      'main',
      '',
      'HEAD',
      '@',
      'main~0',
      '@^0',
    ]) {
      assert.equal(await store.resolve('s1', revision), id, revision)
    }
    assert.equal((await store.checkpoint('s1', id.slice(0, 10))).id, id)
  })

  sentence('turns are counted back', needs, async ({ store }) => {
    await store.save(session())
    const ids = [await store.resolve('s1', '')]
    for (const n of range(1, 5)) ids.unshift((await store.append('s1', { messages: [message(`m${n}`)] })).id)
    for (const n of range(0, 5)) assert.equal(await store.resolve('s1', `main~${n}`), ids[n])
    assert.equal(await store.resolve('s1', 'main^^~1^1'), ids[4])
    assert.equal(await store.resolve('s1', `${ids[2]!.slice(0, 12)}~`), ids[3])
    assert.equal(await store.resolve('s1', '~2'), ids[2])
  })

  sentence('a revision that does not exist is a NotFoundError', needs, async ({ store }) => {
    const { id } = await store.save(session())
    const wrong = [
      'main~1',
      'main^',
      'main^2',
      '~1',
      `${id}~1`,
      'nope',
      'MAIN',
      'a'.repeat(40),
      id.slice(0, 3),
    ]
    await forEach(
      [...wrong, 'main~x', 'main^{commit}', 'main@{1}', 'main:x', 'main~1000000'],
      async (revision) => {
        await refused(() => store.resolve('s1', revision), NotFoundError, {
          kind: 'revision',
          id: revision,
          session: 's1',
        })
      },
    )
  })

  sentence('a checkpoint of another session is not found', async ({ store }) => {
    const other = await store.save(session('s2', { title: 'other' }))
    await store.save(session('s1'))
    await forEach([other.id, other.id.slice(0, 12)], async (at) => {
      await refused(() => store.load('s1', { at }), NotFoundError, { kind: 'revision' })
    })
  })

  sentence(
    'a checkpoint that no ref reaches is not found',
    {
      needs: ['history', 'branches'],
    },
    async ({ store }) => {
      await store.save(session())
      await store.fork('s1', { branch: 'other' })
      const { id } = await store.append('s1', { messages: [message('m1')] }, { branch: 'other' })
      await store.delete('s1', { branch: 'other' })
      await refused(() => store.load('s1', { at: id }), NotFoundError)
    },
  )

  sentence(
    'branches and tags may be called like ids or other revisions',
    { needs: ['history', 'branches'] },
    async ({ store }) => {
      const first = await store.save(session())
      const second = await store.append('s1', { messages: [message('m1')] })
      for (const name of ['HEAD', '@', first.id.slice(0, 8), second.id.slice(0, 39)]) {
        await store.fork('s1', { at: first.id, branch: name })
        assert.equal(await store.resolve('s1', name), first.id, name)
      }
      assert.equal(await store.resolve('s1', ''), second.id)
    },
  )

  sentence('a revision that is not a string is a TypeError', async ({ any }) => {
    await any.save(session())
    await forEach([7, null, {}], (revision) => refused(() => any.resolve('s1', revision), TypeError))
  })
}
