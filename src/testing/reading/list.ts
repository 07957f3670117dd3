import assert from 'node:assert/strict'
import { NotFoundError } from '../../errors.ts'
import type { ListOptions } from '../../store/session-store.ts'
import type { AnyStore, Chapter } from '../context.ts'
import { all, forEach, idsOf, refused, START } from '../context.ts'
import { message, range, session } from '../samples.ts'

export const listing: Chapter = (sentence) => {
  sentence('an empty store lists nothing', async ({ store }) => {
    assert.deepEqual(await all(store.list()), [])
  })

  sentence('a summary has counts, times and title without loading the session', async ({ store, clock }) => {
    await store.save(session('s1', { title: 'T', createdAt: '2024-05-05T05:05:05.000Z' }, 'one'))
    clock.now += 5000
    const made = await store.append('s1', { messages: [message('m2')], set: { status: 'waiting' } })
    assert.deepEqual(await all(store.list()), [
      {
        id: 's1',
        type: 'session',
        title: 'T',
        status: 'waiting',
        activeBranch: 'main',
        head: made.id,
        messages: 2,
        createdAt: '2024-05-05T05:05:05.000Z',
        updatedAt: new Date(START + 5000).toISOString(),
      },
    ])
  })

  sentence(
    'a summary is of the active branch',
    { needs: ['branches', 'history'] },
    async ({ store, clock }) => {
      await store.save(session())
      await store.fork('s1', { branch: 'other' })
      clock.now += 1000
      await store.append('s1', { messages: [message('m1')], set: { title: 'T' } }, { branch: 'other' })
      const [before] = await all(store.list())
      assert.deepEqual([before?.activeBranch, before?.messages, before?.title], ['main', 0, undefined])
      await store.switch('s1', 'other')
      const [after] = await all(store.list())
      assert.deepEqual([after?.activeBranch, after?.messages, after?.title], ['other', 1, 'T'])
      assert.equal(after?.head, await store.resolve('s1', 'other'))
    },
  )

  sentence(
    'the session that was saved last comes first, then they come in the order of ids',
    async ({ store, clock }) => {
      await fill(store, ['c', 'a', 'b'], clock, 0)
      clock.now += 1000
      await store.append('b', { messages: [message('m1')] })
      assert.deepEqual(await ids(store), ['b', 'a', 'c'])
      assert.deepEqual(await ids(store, { order: 'updated' }), ['b', 'a', 'c'])
      assert.deepEqual(await ids(store, { order: 'id' }), ['a', 'b', 'c'])
    },
  )

  sentence('in the order of ids, capitals come first', async ({ store, clock }) => {
    await fill(store, ['b', 'B', 'a', 'é', '10', '9', 'A'], clock, 1)
    assert.deepEqual(await ids(store, { order: 'id' }), ['10', '9', 'A', 'B', 'a', 'b', 'é'])
  })

  sentence('only ids with a prefix', async ({ store, clock }) => {
    await fill(store, ['team/a', 'team/b', 'team', 'Team/c', 'other'], clock, 1)
    assert.deepEqual(await ids(store, { prefix: 'team/', order: 'id' }), ['team/a', 'team/b'])
    assert.deepEqual(await ids(store, { prefix: 'nope' }), [])
    assert.equal((await ids(store, { prefix: '' })).length, 5)
  })

  sentence('page after page, in the order of ids', async ({ store, clock }) => {
    const names = range(10, 34).map((n) => `s${n}`)
    await fill(store, names, clock, 1)
    const seen: string[] = []
    for (let after: string | undefined; seen.length < 25; after = seen.at(-1)) {
      const page = await ids(store, { order: 'id', limit: 10, after })
      assert.ok(page.length <= 10 && page.length > 0)
      seen.push(...page)
    }
    assert.deepEqual(seen, names)
    assert.deepEqual(await ids(store, { order: 'id', after: 's34' }), [])
    assert.deepEqual(await ids(store, { order: 'id', after: 's115', limit: 1 }), ['s12'])
  })

  sentence('page after page, newest first', async ({ store, clock }) => {
    await fill(store, ['a', 'b', 'c', 'd', 'e'], clock, 1000)
    const first = await ids(store, { limit: 2 })
    const second = await ids(store, { limit: 2, after: first.at(-1) })
    const third = await ids(store, { limit: 2, after: second.at(-1) })
    assert.deepEqual([first, second, third], [['e', 'd'], ['c', 'b'], ['a']])
    assert.deepEqual(await ids(store, { after: 'a' }), [])
    await refused(() => ids(store, { after: 'gone' }), NotFoundError, { kind: 'session', id: 'gone' })
  })

  sentence('prefix, page and limit together', async ({ store, clock }) => {
    await fill(store, ['x1', 'y1', 'x2', 'y2', 'x3'], clock, 1000)
    assert.deepEqual(await ids(store, { prefix: 'x', after: 'x3', limit: 1 }), ['x2'])
    assert.deepEqual(await ids(store, { limit: 0 }), [])
  })

  sentence('deleted sessions are not listed', async ({ store, clock }) => {
    await fill(store, ['a', 'b'], clock, 1)
    await store.delete('a')
    assert.deepEqual(await ids(store), ['b'])
  })

  sentence(
    'a session that cannot be read is listed as such, and keeps no other from being listed',
    { reopens: true, damages: true },
    async ({ store, clock, again, damage }) => {
      await fill(store, ['a', 'b', 'c', 'd'], clock, 1000)
      await store.close()
      await damage('b')
      const other = await again()
      for (const order of ['id', 'updated'] as const) {
        const listed = await all(other.list({ order }))
        assert.deepEqual(idsOf(listed).sort(), ['a', 'b', 'c', 'd'])
        for (const { id, problem, title } of listed) {
          assert.equal(problem === undefined, id !== 'b', id)
          if (problem === undefined) continue
          assert.equal(title, undefined)
          assert.equal(problem.session, 'b')
          assert.ok(problem.message.length > 0 && problem.where.length > 0)
        }
      }
      assert.deepEqual(await ids(other, { order: 'id', after: 'a', limit: 2 }), ['b', 'c'])
      assert.deepEqual(await ids(other, { prefix: 'c' }), ['c'])
      assert.deepEqual((await ids(other, { type: 'session' })).sort(), ['a', 'b', 'c', 'd'])
      await other.append('a', { messages: [message('m1')] })
      await other.delete('b')
      assert.deepEqual((await ids(other)).sort(), ['a', 'c', 'd'])
    },
  )

  sentence('options of the wrong type are TypeErrors', async ({ store }) => {
    await forEach(
      [{ order: 'name' }, { limit: -1 }, { limit: 1.5 }, { prefix: 1 }, { after: null }],
      async (options) => {
        await refused(() => ids(store, options as unknown as ListOptions), TypeError)
      },
    )
  })
}

const ids = async (store: AnyStore, options?: ListOptions): Promise<string[]> =>
  (await all(store.list(options))).map(({ id }) => id)

async function fill(
  store: AnyStore,
  names: readonly string[],
  clock: { now: number },
  apart: number,
): Promise<void> {
  for (const name of names) {
    await store.save(session(name))
    clock.now += apart
  }
}
