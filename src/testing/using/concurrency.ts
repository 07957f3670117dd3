import assert from 'node:assert/strict'
import { AlreadyExistsError, ConflictError, InvalidStateError, NotFoundError } from '../../errors.ts'
import type { AnyStore, Chapter, Needs } from '../context.ts'
import { all, logOf } from '../context.ts'
import { message, range, session } from '../samples.ts'

export const concurrency: Chapter = (sentence) => {
  sentence('twenty appends at once are all saved', async ({ store }) => {
    await store.save(session())
    const made = await Promise.all(
      range(1, 20).map((n) => store.append('s1', { messages: [message(`m${n}`)] })),
    )
    assert.deepEqual(
      (await idsIn(store)).sort(),
      range(1, 20)
        .map((n) => `m${n}`)
        .sort(),
    )
    assert.deepEqual(
      made.map(({ seq }) => seq).sort((a, b) => a - b),
      range(2, 21),
    )
    if (store.supports.history) assert.equal((await logOf(store, 's1')).length, 21)
  })

  sentence(
    'two loads and two saves at once end in one conflict, not in a lost message',
    async ({ store }) => {
      await store.save(session('s1', {}, 'one'))
      const states = await Promise.all(range(1, 2).map(() => store.load('s1')))
      states.forEach((state, n) => {
        state!.messages.push(message(`x${n}`))
      })
      const outcomes = await Promise.allSettled(states.map((state) => store.save(state!)))
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      for (const one of outcomes)
        if (one.status === 'rejected') assert.ok(one.reason instanceof ConflictError)
      const winner = states[outcomes.findIndex(({ status }) => status === 'fulfilled')]
      assert.deepEqual(await store.load('s1'), winner)
    },
  )

  sentence('of many calls that create one session at once, one succeeds', async ({ store }) => {
    const outcomes = await Promise.allSettled(
      range(1, 8).map((n) => store.save(session('s1', { title: String(n) }))),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const one of outcomes) if (one.status === 'rejected') assert.ok(one.reason instanceof ConflictError)
    assert.equal((await store.checkpoint('s1')).seq, 1)
  })

  sentence('many sessions at once', async ({ store }) => {
    await Promise.all(
      range(1, 30).map(async (n) => {
        const state = session(`s${n}`)
        await store.save(state)
        state.messages.push(message('m1', String(n)))
        await store.save(state)
        await store.append(`s${n}`, { messages: [message('m2')] })
      }),
    )
    assert.equal((await all(store.list())).length, 30)
    for (const n of range(1, 30)) {
      const state = await store.load(`s${n}`)
      assert.deepEqual(state?.messages, [message('m1', String(n)), message('m2')])
    }
  })

  sentence('a failing save does not make others fail', async ({ store, any }) => {
    await store.save(session())
    const outcomes = await Promise.allSettled([
      store.append('s1', { messages: [message('m1')] }),
      any.append('s1', { messages: [{ id: 'm2' }] }),
      store.append('nobody', { messages: [message('m1')] }),
      store.append('s1', { messages: [message('m3')] }),
      store.save(session('s1', { title: 'T' })),
      store.save(session('s2')),
    ])
    const reasons = outcomes.map((one) => (one.status === 'rejected' ? one.reason.constructor : 'saved'))
    assert.deepEqual(reasons, ['saved', InvalidStateError, NotFoundError, 'saved', ConflictError, 'saved'])
    assert.deepEqual(await idsIn(store), ['m1', 'm3'])
  })

  sentence('loads during saves see whole states', async ({ store }) => {
    await store.save(session('s1', { metadata: { n: 0 } }))
    let done = false
    const saving = (async () => {
      for (const n of range(1, 40)) {
        await store.append('s1', { messages: [message(`m${n}`)], set: { metadata: { n } } })
      }
      done = true
    })()
    while (!done) {
      const state = (await store.load('s1'))!
      assert.equal(state.messages.length, state.metadata.n)
      await new Promise((next) => setImmediate(next))
    }
    await saving
  })

  sentence('one state object saved twice at once makes one checkpoint', async ({ store }) => {
    const state = session()
    const [one, two] = await Promise.all([store.save(state), store.save(state)])
    assert.deepEqual(one, two)
  })

  sentence(
    'of many forks to one branch at once, one succeeds',
    { needs: ['branches'] },
    async ({ store }) => {
      await store.save(session())
      const outcomes = await Promise.allSettled(range(1, 6).map(() => store.fork('s1', { branch: 'b' })))
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      for (const one of outcomes)
        if (one.status === 'rejected') assert.ok(one.reason instanceof AlreadyExistsError)
    },
  )

  sentence('of many forks to one session at once, one succeeds', async ({ store }) => {
    await store.save(session())
    const outcomes = await Promise.allSettled(range(1, 6).map(() => store.fork('s1', { session: 's2' })))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const one of outcomes)
      if (one.status === 'rejected') assert.ok(one.reason instanceof AlreadyExistsError)
  })

  sentence(
    'of many calls that set one tag at once, one succeeds',
    { needs: ['history'] },
    async ({ store }) => {
      await store.save(session())
      const outcomes = await Promise.allSettled(range(1, 6).map(() => store.tag('s1', 't')))
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    },
  )

  const two: Needs = { reopens: true }

  sentence('two stores on the same sessions: all appends are saved', two, async ({ store, again }) => {
    await store.save(session())
    const other = await again()
    await Promise.all(
      range(1, 20).map((n) => (n % 2 === 0 ? store : other).append('s1', { messages: [message(`m${n}`)] })),
    )
    assert.deepEqual(
      (await idsIn(store)).sort(),
      range(1, 20)
        .map((n) => `m${n}`)
        .sort(),
    )
    assert.deepEqual(await other.load('s1'), await store.load('s1'))
  })

  sentence(
    'two stores on the same sessions: neither overwrites a state that it has not seen',
    two,
    async ({ store, again }) => {
      await store.save(session())
      const other = await again()
      const [mine, theirs] = [(await store.load('s1'))!, await other.load('s1')]
      mine.messages.push(message('m1'))
      theirs.messages.push(message('m2'))
      const outcomes = await Promise.allSettled([store.save(mine), other.save(theirs)])
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      for (const one of outcomes)
        if (one.status === 'rejected') assert.ok(one.reason instanceof ConflictError)
      assert.equal((await idsIn(store)).length, 1)
    },
  )

  sentence(
    'two stores on the same sessions: each sees what the other does',
    two,
    async ({ store, again }) => {
      const other = await again()
      assert.equal(await other.load('s1'), undefined)
      await store.save(session())
      assert.deepEqual(await other.load('s1'), session())
      const made = await other.append('s1', { messages: [message('m1')] })
      assert.deepEqual(await store.checkpoint('s1'), made)
      await store.delete('s1')
      assert.equal(await other.exists('s1'), false)
    },
  )
}

const idsIn = async (store: AnyStore): Promise<string[]> =>
  (await store.load('s1')).messages.map(({ id }: { id: string }) => id)
