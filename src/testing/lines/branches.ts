import assert from 'node:assert/strict'
import {
  AlreadyExistsError,
  ConflictError,
  InvalidIdError,
  NotFoundError,
  UnsupportedError,
} from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { branchesOf, forEach, idsOf, refused } from '../context.ts'
import { message, session, withMessage } from '../samples.ts'

export const branching: Chapter = (sentence) => {
  const needs: Needs = { needs: ['branches', 'history'] }

  sentence('a session begins on main, which is active', async ({ store }) => {
    const { id } = await store.save(session())
    assert.deepEqual(await store.branches('s1'), [{ name: 'main', head: id, active: true }])
    assert.deepEqual(await store.load('s1', { branch: 'main' }), session())
  })

  sentence(
    'a store without branches refuses calls that need them',
    { lacks: ['branches'] },
    async ({ store }) => {
      await refused(() => store.save(session(), { branch: 'other' }), UnsupportedError)
      const { id } = await store.save(session(), { branch: 'main' })
      const calls = [
        () => store.append('s1', { set: { title: 'T' } }, { branch: 'other' }),
        () => store.fork('s1', { branch: 'other' }),
        () => store.switch('s1', 'other'),
        () => store.delete('s1', { branch: 'other' }),
        () => store.load('s1', { branch: 'other' }),
        () => store.open('s1', { branch: 'other' }),
      ]
      await forEach(calls, (call) => refused(call, UnsupportedError))
      assert.equal(await store.resolve('s1', 'main'), id)
    },
  )

  sentence(
    'a store without history refuses calls that need it',
    { lacks: ['history'] },
    async ({ store }) => {
      const { id } = await store.save(session())
      const calls = [
        () => store.tag('s1', 't'),
        () => store.delete('s1', { tag: 't' }),
        () => store.resolve('s1', 'main~1'),
        () => store.load('s1', { at: 'main~1' }),
        () => store.save(session('s2'), { tag: 't' }),
      ]
      await forEach(calls, (call) => refused(call, UnsupportedError))
      assert.equal(await store.exists('s2'), false)
      assert.deepEqual(await store.tags('s1'), [])
      assert.equal(await store.resolve('s1', 'main~0'), id)
    },
  )

  sentence('the first branch of a session is active, whatever its name', needs, async ({ store }) => {
    const made = await store.save(session(), { branch: 'draft' })
    assert.equal(made.branch, 'draft')
    assert.deepEqual(await store.branches('s1'), [{ name: 'draft', head: made.id, active: true }])
    assert.deepEqual(await store.load('s1'), session())
    const next = await store.append('s1', { messages: [message('m1')] })
    assert.equal(next.branch, 'draft')
    await store.save(session('s1', { title: 'T' }), { branch: 'main' })
    assert.deepEqual(await branchesOf(store, 's1'), ['draft (active)', 'main'])
  })

  sentence('a save to a new branch starts at the caller’s position', needs, async ({ store }) => {
    const first = await store.save(session())
    const state = (await store.load('s1'))!
    await store.append('s1', { messages: [message('m1', 'on main')] })
    state.messages.push(message('m1', 'mine'))
    const made = await store.save(state, { branch: 'mine' })
    assert.deepEqual([made.branch, made.parents, made.seq], ['mine', [first.id], 2])
    assert.deepEqual(await store.load('s1', { branch: 'mine' }), state)
    assert.equal((await store.load('s1'))?.messages[0]?.content, 'on main')
    assert.equal((await store.branches('s1')).find(({ active }) => active)?.name, 'main')
  })

  sentence('a state that lost a race can be saved to a branch of its own', needs, async ({ store }) => {
    const first = await store.save(session())
    const [one, two] = [(await store.load('s1'))!, (await store.load('s1'))!]
    one.title = 'one'
    two.title = 'two'
    await store.save(one)
    await refused(() => store.save(two), ConflictError)
    const { parents } = await store.save(two, { branch: 'two' })
    assert.deepEqual(parents, [first.id])
    assert.equal((await store.load('s1', { at: 'two' }))?.title, 'two')
  })

  sentence('an unchanged save to a new branch starts it without a checkpoint', needs, async ({ store }) => {
    const first = await store.save(session())
    const state = (await store.load('s1'))!
    assert.deepEqual(await store.save(state, { branch: 'other' }), first)
    assert.equal(await store.resolve('s1', 'other'), first.id)
  })

  sentence(
    'a state that was not loaded from here starts a new branch without a parent',
    needs,
    async ({ store }) => {
      await store.save(session())
      const made = await store.save(session('s1', { title: 'T' }), { branch: 'other' })
      assert.deepEqual([made.parents, made.seq], [[], 1])
    },
  )

  sentence(
    'a position on one branch does not count on another branch with another tip',
    needs,
    async ({ store }) => {
      await store.save(session())
      await store.fork('s1', { branch: 'other' })
      const state = (await store.load('s1'))!
      state.title = 'T'
      const made = await store.save(state, { branch: 'other' })
      assert.equal(made.branch, 'other')
      await store.append('s1', { messages: [message('m1')] })
      state.title = 'U'
      await refused(() => store.save(state, { branch: 'main' }), ConflictError)
      await store.save(state, { branch: 'other' })
    },
  )

  sentence('branches grow apart', needs, async ({ store }) => {
    await store.save(session())
    await store.fork('s1', { branch: 'other' })
    await store.append('s1', { messages: [message('m1')] })
    await store.append('s1', { messages: [message('x1')] }, { branch: 'other' })
    await store.append('s1', { messages: [message('x2')] }, { branch: 'other' })
    const idsOn = async (branch: string) => idsOf((await store.load('s1', { branch }))!.messages)
    assert.deepEqual([await idsOn('main'), await idsOn('other')], [['m1'], ['x1', 'x2']])
  })

  sentence('an append to a branch that does not exist is refused', needs, async ({ store }) => {
    await store.save(session())
    await forEach([undefined, null, 'any'], async (expected) => {
      await refused(
        () => store.append('s1', { set: { title: 'T' } }, { branch: 'nope', expected }),
        NotFoundError,
        {
          kind: 'branch',
          id: 'nope',
        },
      )
    })
    const tip = await store.resolve('s1', 'main')
    await refused(
      () => store.append('s1', { set: { title: 'T' } }, { branch: 'nope', expected: tip }),
      ConflictError,
      { actual: null },
    )
  })

  sentence(
    'switch moves the active branch, which load, save, append, open and log mean',
    needs,
    async ({ store }) => {
      await store.save(session())
      await store.fork('s1', { branch: 'other' })
      await store.switch('s1', 'other')
      const made = await store.append('s1', { messages: [message('m1')] })
      assert.equal(made.branch, 'other')
      assert.equal(await store.resolve('s1', ''), made.id)
      assert.equal((await store.checkpoint('s1')).id, made.id)
      const state = (await store.load('s1'))!
      assert.equal(state.messages.length, 1)
      const saved = await store.save(withMessage(state, message('m2')), { expected: made.id })
      assert.equal(saved.branch, 'other')
      assert.equal((await store.open('s1')).branch, 'other')
      assert.equal((await store.load('s1', { branch: 'main' }))?.messages.length, 0)
      await store.switch('s1', 'main')
      assert.equal((await store.load('s1'))?.messages.length, 0)
      await store.switch('s1', 'main')
    },
  )

  sentence('switch to a branch that does not exist is refused', needs, async ({ store }) => {
    await store.save(session())
    await refused(() => store.switch('s1', 'nope'), NotFoundError, {
      kind: 'branch',
      id: 'nope',
      session: 's1',
    })
  })

  sentence('branches come in the order of their names', needs, async ({ store }) => {
    await store.save(session())
    for (const branch of ['z', 'a', 'Z', 'main2', 'é']) await store.fork('s1', { branch })
    assert.deepEqual(
      (await store.branches('s1')).map(({ name }) => name),
      ['Z', 'a', 'main', 'main2', 'z', 'é'],
    )
  })

  sentence('names that no branch can have are refused', needs, async ({ store }) => {
    await store.save(session())
    await forEach(['', 'a~1', 'a^', 'a:b', 'a@{1}', 'f'.repeat(40), 'a\nb'], async (branch) => {
      await refused(() => store.fork('s1', { branch }), InvalidIdError)
      await refused(() => store.save(session('s2'), { branch }), InvalidIdError)
      await refused(() => store.load('s1', { branch }), InvalidIdError)
    })
  })

  sentence('a tag and a branch may share a name: the branch is meant', needs, async ({ store }) => {
    const first = await store.save(session(), { tag: 'x' })
    await store.append('s1', { set: { title: 'T' } })
    await store.fork('s1', { branch: 'x' })
    assert.notEqual(await store.resolve('s1', 'x'), first.id)
    await refused(() => store.fork('s1', { branch: 'x' }), AlreadyExistsError, { kind: 'branch', id: 'x' })
  })
}
