import assert from 'node:assert/strict'
import { NotFoundError } from '../../errors.ts'
import type { Chapter, Needs } from '../context.ts'
import { idsOf, logOf, refused } from '../context.ts'
import { message, session } from '../samples.ts'

export const steps: Chapter = (sentence) => {
  const needs: Needs = { needs: ['history'] }

  sentence('a step carries the number of the turn it is in', async ({ store }) => {
    await store.save(session())
    const one = await store.append('s1', { messages: [message('m1', 'Go')] }, { kind: 'step' })
    const two = await store.append('s1', { messages: [message('a2')] }, { kind: 'step' })
    const turn = await store.append('s1', { set: { status: 'done' } })
    const next = await store.append('s1', { messages: [message('m3')] })
    assert.deepEqual(
      [one, two, turn, next].map(({ kind, seq }) => [kind, seq]),
      [
        ['step', 2],
        ['step', 2],
        ['save', 2],
        ['save', 3],
      ],
    )
    assert.equal(one.subject, 'step: Go')
    assert.equal((await store.load('s1'))?.messages.length, 3)
  })

  sentence('the turn has the turn before first and its last step second', needs, async ({ store }) => {
    const first = await store.save(session())
    const one = await store.append('s1', { messages: [message('m1')] }, { kind: 'step' })
    const two = await store.append('s1', { messages: [message('a2')] }, { kind: 'step' })
    const turn = await store.append('s1', { set: { status: 'done' } })
    assert.deepEqual([one.parents, two.parents, turn.parents], [[first.id], [one.id], [first.id, two.id]])
    const next = await store.append('s1', { messages: [message('m3')] })
    assert.deepEqual(next.parents, [turn.id])
  })

  sentence('a first turn has its last step as its only parent', needs, async ({ store }) => {
    const state = session()
    const step = await store.save(state, { kind: 'step' })
    state.title = 'T'
    const turn = await store.save(state)
    assert.deepEqual([step.parents, step.seq, turn.parents, turn.seq], [[], 1, [step.id], 1])
    assert.deepEqual(await logOf(store, 's1'), [turn.id])
    await refused(() => store.resolve('s1', 'main~1'), NotFoundError)
  })

  sentence('a turn counts everything that is new since the turn before', needs, async ({ store }) => {
    await store.save(session('s1', {}, 'one'))
    await store.append('s1', { messages: [message('m2', 'Do it')] }, { kind: 'step' })
    await store.append('s1', { messages: [message('a3')] }, { kind: 'step' })
    const turn = await store.append('s1', { messages: [message('a4')], set: { status: 'done' } })
    assert.deepEqual([turn.subject, turn.messages], ['turn 2: Do it', { from: 1, to: 3 }])
    await store.append('s1', { messages: [message('m5', 'And on')] }, { kind: 'step' })
    assert.equal((await store.append('s1', {})).subject, 'turn 3: And on')
    const last = await store.append('s1', { set: { status: 'idle' } })
    assert.equal(last.subject, 'turn 4: status idle')
  })

  sentence('a save ends the turn even if nothing changed since the last step', async ({ store }) => {
    const state = session()
    await store.save(state)
    state.messages.push(message('m1', 'Go'))
    const step = await store.save(state, { kind: 'step' })
    assert.deepEqual(await store.save(state, { kind: 'step' }), step)
    const turn = await store.save(state)
    assert.deepEqual([turn.kind, turn.seq], ['save', 2])
    assert.deepEqual(await store.save(state), turn)
  })

  sentence('an append without content also ends the turn', async ({ store }) => {
    await store.save(session())
    await store.append('s1', { messages: [message('m1', 'Go')] }, { kind: 'step' })
    const turn = await store.append('s1', {})
    assert.deepEqual([turn.kind, turn.seq], ['save', 2])
    assert.equal((await store.load('s1'))?.updatedAt, turn.createdAt)
  })

  sentence('log and ~ count turns, log with steps shows everything', needs, async ({ store }) => {
    const first = await store.save(session())
    const one = await store.append('s1', { messages: [message('m1')] }, { kind: 'step' })
    const two = await store.append('s1', { messages: [message('m2')] }, { kind: 'step' })
    const turn = await store.append('s1', { messages: [message('m3')] })
    const three = await store.append('s1', { messages: [message('m4')] }, { kind: 'step' })
    assert.deepEqual(await logOf(store, 's1'), [turn.id, first.id])
    assert.deepEqual(await logOf(store, 's1', { steps: true }), idsOf([three, turn, two, one, first]))
    assert.deepEqual(await logOf(store, 's1', { at: two.id, steps: true }), [two.id, one.id, first.id])
    assert.deepEqual(await logOf(store, 's1', { at: two.id }), [first.id])
    assert.equal(await store.resolve('s1', 'main'), three.id)
    assert.equal(await store.resolve('s1', 'main~1'), turn.id)
    assert.equal(await store.resolve('s1', 'main~2'), first.id)
    assert.equal(await store.resolve('s1', 'main~1^2'), two.id)
    assert.equal(await store.resolve('s1', `${turn.id}^2~1`), first.id)
    assert.equal(await store.resolve('s1', `${turn.id}^2^`), one.id)
  })

  sentence(
    'any step can be loaded and continued from',
    { needs: ['history', 'branches'] },
    async ({ store }) => {
      const first = await store.save(session())
      const step = await store.append('s1', { messages: [message('m1')] }, { kind: 'step' })
      await store.append('s1', { messages: [message('m2')] })
      const state = (await store.load('s1', { at: step.id }))!
      assert.deepEqual(idsOf(state.messages), ['m1'])
      state.title = 'T'
      const there = await store.save(state, { branch: 'other' })
      assert.deepEqual([there.parents, there.seq], [[first.id, step.id], 2])
    },
  )
}
