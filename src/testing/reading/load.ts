import assert from 'node:assert/strict'
import * as z from 'zod'
import { ConflictError, InvalidStateError, NotFoundError } from '../../errors.ts'
import { SCHEMA_VERSION } from '../../state/index.ts'
import type { Chapter } from '../context.ts'
import { forEach, refused } from '../context.ts'
import { event, message, range, run, session } from '../samples.ts'

export const loading: Chapter = (sentence) => {
  sentence('a session that does not exist is undefined', async ({ store }) => {
    assert.equal(await store.load('nobody'), undefined)
    assert.equal(await store.load('nobody', { at: 'main~3', branch: 'x', last: 1 }), undefined)
    assert.equal(await store.exists('nobody'), false)
  })

  sentence(
    'a session of a newer schema version is refused by every call that returns its state',
    { reopens: true },
    async ({ store, again }) => {
      const newer = { ...session(), schemaVersion: SCHEMA_VERSION + 1 }
      const lenient = await again({ schema: z.unknown() as never })
      await lenient.save(newer)
      for (const [name, call] of Object.entries({
        load: () => store.load('s1'),
        'load in part': () => store.load('s1', { last: 1 }),
        open: () => store.open('s1'),
      })) {
        const { issues } = await refused(call, InvalidStateError)
        assert.deepEqual(issues[0]?.path, ['schemaVersion'], name)
      }
    },
  )

  sentence('a session that was saved exists', async ({ store }) => {
    await store.save(session())
    assert.equal(await store.exists('s1'), true)
    assert.equal(await store.exists('s'), false)
  })

  sentence('an unknown session is a NotFoundError for everything but load', async ({ store }) => {
    const unknown = { kind: 'session', id: 'nobody' }
    const calls = [
      () => store.open('nobody'),
      () => store.resolve('nobody', 'main'),
      () => store.checkpoint('nobody'),
      () => store.log('nobody')[Symbol.asyncIterator]().next(),
      () => store.branches('nobody'),
      () => store.tags('nobody'),
      () => store.append('nobody', {}),
      () => store.diff('nobody', 'main', 'main'),
      () => store.runEvents('nobody', 'r1'),
      () => store.verify('nobody'),
    ]
    await forEach(calls, (call) => refused(call, NotFoundError, unknown))
  })

  sentence(
    'an unknown session is a NotFoundError for branches and tags',
    {
      needs: ['history', 'branches'],
    },
    async ({ store }) => {
      const calls = [
        () => store.switch('nobody', 'main'),
        () => store.fork('nobody', { branch: 'b' }),
        () => store.tag('nobody', 't'),
      ]
      await forEach(calls, (call) => refused(call, NotFoundError, { kind: 'session', id: 'nobody' }))
    },
  )

  sentence('changing a loaded state changes nothing in the store', async ({ store }) => {
    const state = session('s1', { runs: [run('r1', [0])] }, 'one')
    await store.save(state)
    const loaded = (await store.load('s1'))!
    loaded.messages[0]!.content = 'changed'
    loaded.messages.push(message('m2'))
    loaded.runs[0]!.events.pop()
    loaded.metadata.x = {}
    assert.deepEqual(await store.load('s1'), state)
    const events = (await store.runEvents('s1', 'r1')) as { text?: string }[]
    events[0]!.text = 'changed'
    assert.deepEqual(await store.runEvents('s1', 'r1'), [event(0)])
  })

  sentence('an earlier checkpoint is loaded as it was', { needs: ['history'] }, async ({ store }) => {
    const state = session('s1', {}, 'one')
    const first = await store.save(state)
    await store.append('s1', { messages: [message('m2')], set: { title: 'T' } })
    assert.deepEqual(await store.load('s1', { at: first.id }), state)
    assert.deepEqual(await store.load('s1', { at: 'main~1' }), state)
  })

  sentence('an unknown revision is a NotFoundError', async ({ store }) => {
    await store.save(session())
    await forEach(['nope', 'f'.repeat(40), 'abcdef12'], async (at) => {
      await refused(() => store.load('s1', { at }), NotFoundError, {
        kind: 'revision',
        id: at,
        session: 's1',
      })
    })
  })

  sentence('an unknown branch is a NotFoundError', { needs: ['branches'] }, async ({ store }) => {
    await store.save(session())
    await refused(() => store.load('s1', { branch: 'nope' }), NotFoundError, {
      kind: 'branch',
      id: 'nope',
      session: 's1',
    })
  })

  sentence('only the last messages can be loaded', async ({ store }) => {
    const state = session('s1', {}, ...range(1, 120).map(String))
    await store.save(state)
    for (const last of [0, 1, 21, 120, 500]) {
      const part = await store.load('s1', { last })
      assert.deepEqual(part, { ...state, messages: last === 0 ? [] : state.messages.slice(-last) })
    }
    await forEach([-1, 1.5, '3'], (last) =>
      refused(() => store.load('s1', { last: last as number }), TypeError),
    )
  })

  sentence('runs can be loaded without their events', async ({ store }) => {
    await store.save(session('s1', { runs: [run('r1', [0, 1]), run('r2')] }, 'one'))
    assert.deepEqual(
      await store.load('s1', { events: false }),
      session('s1', { runs: [run('r1'), run('r2')] }, 'one'),
    )
    assert.deepEqual((await store.load('s1', { events: true }))?.runs[0], run('r1', [0, 1]))
  })

  sentence('a part of a state cannot be saved as if it were the whole', async ({ store }) => {
    const state = session('s1', { runs: [run('r1', [0])] }, 'one', 'two')
    await store.save(state)
    await forEach([{ last: 1 }, { events: false }], async (options) => {
      const part = (await store.load('s1', options))!
      await refused(() => store.save(part), ConflictError)
    })
    assert.deepEqual(await store.load('s1'), state)
  })

  sentence('events of a run come in order, from any sequence number on', async ({ store }) => {
    await store.save(session('s1', { runs: [run('r0'), run('r1', range(3, 302)), run('r2', [0])] }))
    assert.deepEqual(await store.runEvents('s1', 'r1'), range(3, 302).map(event))
    assert.deepEqual(await store.runEvents('s1', 'r1', { after: 300 }), [event(301), event(302)])
    assert.deepEqual(await store.runEvents('s1', 'r1', { after: 302 }), [])
    assert.deepEqual(await store.runEvents('s1', 'r1', { after: -1 }), range(3, 302).map(event))
    assert.deepEqual(await store.runEvents('s1', 'r0'), [])
    await refused(() => store.runEvents('s1', 'r9'), NotFoundError, { kind: 'run', id: 'r9', session: 's1' })
  })

  sentence('events of a run as they were at a checkpoint', { needs: ['history'] }, async ({ store }) => {
    const first = await store.save(session('s1', { runs: [run('r1', [0])] }))
    await store.append('s1', { runs: [{ id: 'r1', events: [event(1)] }] })
    assert.deepEqual(await store.runEvents('s1', 'r1', { at: first.id }), [event(0)])
    assert.deepEqual(await store.runEvents('s1', 'r1'), [event(0), event(1)])
  })
}
