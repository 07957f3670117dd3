import assert from 'node:assert/strict'
import { ConflictError, InvalidStateError, NotFoundError } from '../../errors.ts'
import type { Chapter } from '../context.ts'
import { forEach, frozen, idsOf, logOf, refused, START } from '../context.ts'
import { event, message, range, run, session } from '../samples.ts'

export const appending: Chapter = (sentence) => {
  sentence('new messages go to the end', async ({ store, clock }) => {
    const state = session('s1', {}, 'one')
    await store.save(state)
    clock.now += 2000
    const made = await store.append('s1', { messages: [message('a2', 'Yes'), message('m3', 'Go on')] })
    assert.deepEqual(await store.load('s1'), {
      ...state,
      messages: [...state.messages, message('a2', 'Yes'), message('m3', 'Go on')],
      updatedAt: made.createdAt,
    })
    assert.deepEqual(
      { seq: made.seq, subject: made.subject, messages: made.messages, createdAt: made.createdAt },
      {
        seq: 2,
        subject: 'turn 2: Go on',
        messages: { from: 1, to: 2 },
        createdAt: new Date(START + 2000).toISOString(),
      },
    )
    assert.deepEqual(await store.checkpoint('s1'), made)
  })

  sentence('an append goes on top of the branch’s current tip', { needs: ['history'] }, async ({ store }) => {
    const first = await store.save(session())
    const second = await store.append('s1', { messages: [message('m1')] })
    const third = await store.append('s1', { messages: [message('m2')] })
    assert.deepEqual([second.parents, third.parents], [[first.id], [second.id]])
    assert.deepEqual(await logOf(store, 's1'), [third.id, second.id, first.id])
  })

  sentence('many appends make the same state as one save', async ({ store }) => {
    await store.save(session())
    for (const n of range(1, 230)) await store.append('s1', { messages: [message(`m${n}`)] })
    const state = (await store.load('s1'))!
    assert.deepEqual(
      idsOf(state.messages),
      range(1, 230).map((n) => `m${n}`),
    )
    const saved = await store.checkpoint('s1')
    assert.deepEqual(await store.save(state), saved)
  })

  sentence('several appends at once are the same as one after the other', async ({ store }) => {
    if (store.appendAll === undefined) return
    const additions = [
      { addition: { messages: [message('m1')] }, options: { kind: 'step' as const } },
      { addition: { messages: [message('m2')], runs: [run('r1', [1])] }, options: { kind: 'step' as const } },
      { addition: { messages: [message('m3')], set: { title: 'T' } }, options: { subject: 'third' } },
      { addition: { runs: [{ id: 'r1', events: [event(2)] }] } },
    ]
    const [one, other] = [await store.save(session('s1')), await store.save(session('s2'))]
    const at = '2025-03-01'
    const timed = additions.map((next) => ({ ...next, options: { ...next.options, at } }))
    const together = await store.appendAll('s1', timed, { expected: one.id })
    for (const [n, { addition, options }] of timed.entries()) {
      const { subject, seq, messages, parents } = await store.append('s2', addition, options)
      const { [n]: made } = together
      assert.deepEqual(
        { ...made, parents: made!.parents.length },
        { ...made, subject, seq, parents: parents.length, ...(messages && { messages }) },
      )
    }
    assert.deepEqual(await store.load('s1'), { ...(await store.load('s2')), id: 's1' })
    assert.deepEqual(await store.checkpoint('s1'), together.at(-1))
    assert.notEqual(other.id, one.id)
    assert.deepEqual(await store.appendAll('s1', []), [])
  })

  sentence('several appends at once expect what one would', async ({ store }) => {
    if (store.appendAll === undefined) return
    const first = await store.save(session())
    const tip = await store.append('s1', { messages: [message('m1')] })
    const next = [{ addition: { messages: [message('m2')] } }, { addition: { messages: [message('m3')] } }]
    await refused(() => store.appendAll!('s1', next, { expected: first.id }), ConflictError)
    await refused(() => store.appendAll!('nobody', next), NotFoundError)
    const odd = [...next, { addition: { runs: [run('r1', [5])] } }]
    await refused(() => store.appendAll!('s1', odd, { expected: tip.id }), InvalidStateError)
    await refused(
      () => store.appendAll!('s1', [{ addition: {}, options: { tag: 't' } as object }]),
      TypeError,
    )
    const { id } = await store.checkpoint('s1')
    assert.deepEqual((await store.appendAll('s1', next, { expected: id })).length, 2)
  })

  sentence('set and unset change top-level keys', async ({ store }) => {
    await store.save(session('s1', { title: 'T', workspace: '/w' }))
    const made = await store.append('s1', {
      set: { status: 'running', title: 'U', config: { autoSave: true }, mine: { a: [1] } },
      unset: ['workspace', 'never-there'],
    })
    assert.deepEqual(await store.load('s1'), {
      ...session('s1', { title: 'U', status: 'running', config: { autoSave: true } }),
      mine: { a: [1] },
      updatedAt: made.createdAt,
    })
    assert.equal(made.subject, 'turn 2: status running')
    assert.equal(made.status, 'running')
  })

  sentence('updatedAt is the time of the checkpoint unless it is set', async ({ store }) => {
    await store.save(session())
    await store.append('s1', { messages: [message('m1')] }, { at: '2025-06-01' })
    assert.equal((await store.load('s1'))?.updatedAt, '2025-06-01T00:00:00.000Z')
    await store.append('s1', { set: { title: 'T', updatedAt: '2025-07-01T00:00:00.000Z' } })
    assert.equal((await store.load('s1'))?.updatedAt, '2025-07-01T00:00:00.000Z')
  })

  sentence('a run that exists gets fields and events', async ({ store }) => {
    await store.save(session('s1', { runs: [run('r1', [0, 1]), run('r2')] }))
    const made = await store.append('s1', {
      runs: [{ id: 'r1', status: 'completed', result: 'ok', events: [event(2), event(3)] }],
    })
    assert.deepEqual((await store.load('s1'))?.runs, [
      { ...run('r1', [0, 1, 2, 3]), status: 'completed', result: 'ok' },
      run('r2'),
    ])
    assert.equal(made.run, 'r1')
    assert.deepEqual(await store.runEvents('s1', 'r1', { after: 1 }), [event(2), event(3)])
  })

  sentence('a new run is added whole', async ({ store }) => {
    await store.save(session('s1', { runs: [run('r1')] }))
    await store.append('s1', { runs: [run('r2', [1, 2])] })
    assert.deepEqual((await store.load('s1'))?.runs, [run('r1'), run('r2', [1, 2])])
  })

  sentence('events are appended one by one over many segments', async ({ store }) => {
    await store.save(session('s1', { runs: [run('r1')] }))
    for (const n of range(0, 59)) {
      await store.append('s1', { runs: [{ id: 'r1', events: range(n * 10, n * 10 + 9).map(event) }] })
    }
    assert.deepEqual((await store.load('s1'))?.runs[0]?.events, range(0, 599).map(event))
    assert.deepEqual(await store.runEvents('s1', 'r1', { after: 597 }), [event(598), event(599)])
  })

  sentence('the first event of a run has sequence 0 or 1', async ({ store }) => {
    await store.save(session('s1', { runs: [run('r1'), run('r2')] }))
    await store.append('s1', { runs: [{ id: 'r1', events: [event(0)] }] })
    await store.append('s1', { runs: [{ id: 'r2', events: [event(1)] }] })
    const { issues } = await refused(() => store.append('s1', { runs: [run('r3', [2])] }), InvalidStateError)
    assert.deepEqual(issues[0]?.path, ['runs', 2, 'events', 0, 'sequence'])
  })

  sentence('events whose sequence does not continue are refused', async ({ store }) => {
    const saved = await store.save(session('s1', { runs: [run('r1', [0, 1])] }))
    await forEach([[event(3)], [event(1)], [event(2), event(2)], [event(2), event(4)]], async (events) => {
      const { issues } = await refused(
        () => store.append('s1', { runs: [{ id: 'r1', events }] }),
        InvalidStateError,
      )
      assert.deepEqual(issues[0]?.path, ['runs', 0, 'events', 1 + events.length, 'sequence'])
    })
    assert.deepEqual(await store.checkpoint('s1'), saved)
  })

  sentence('an item whose id exists is replaced only by a caller that knows the state', async ({ store }) => {
    const saved = await store.save(session('s1', {}, 'one', 'two'))
    const addition = { messages: [message('m1', 'ONE'), message('m3')] }
    const { actual } = await refused(() => store.append('s1', addition), ConflictError)
    assert.equal(actual, saved.id)
    await store.append('s1', addition, { expected: saved.id })
    assert.deepEqual((await store.load('s1'))?.messages, [
      message('m1', 'ONE'),
      message('m2', 'two'),
      message('m3'),
    ])
    await store.append('s1', { messages: [message('m2', 'TWO')] }, { expected: 'any' })
    assert.equal((await store.load('s1'))?.messages[1]?.content, 'TWO')
  })

  sentence('an addition that changes nothing makes no checkpoint', async ({ store }) => {
    const saved = await store.save(session('s1', { runs: [run('r1', [0])] }, 'one'))
    const nothing = [
      {},
      { messages: [], runs: [], set: {}, unset: [] },
      { set: { status: 'idle' }, unset: ['nothing'] },
      { set: { updatedAt: '2030-01-01T00:00:00.000Z' } },
      { messages: [message('m1', 'one')] },
      { runs: [{ id: 'r1', status: 'running' }] },
    ]
    for (const addition of nothing) assert.deepEqual(await store.append('s1', addition), saved)
    assert.deepEqual(await store.checkpoint('s1'), saved)
  })

  sentence('allowEmpty makes a checkpoint without changes', async ({ store, clock }) => {
    await store.save(session())
    clock.now += 1000
    const made = await store.append('s1', {}, { allowEmpty: true })
    assert.equal(made.seq, 2)
    assert.equal((await store.load('s1'))?.updatedAt, made.createdAt)
  })

  sentence('an append can be expected to go on top of a checkpoint', async ({ store }) => {
    const first = await store.save(session())
    const second = await store.append('s1', { messages: [message('m1')] }, { expected: first.id })
    await refused(
      () => store.append('s1', { messages: [message('m2')] }, { expected: first.id }),
      ConflictError,
      {
        session: 's1',
        branch: 'main',
        expected: first.id,
        actual: second.id,
      },
    )
    await refused(() => store.append('s1', { messages: [message('m2')] }, { expected: null }), ConflictError)
    assert.equal((await store.load('s1'))?.messages.length, 1)
  })

  sentence('subject, body, author, time and kind are those of the options', async ({ store }) => {
    await store.save(session())
    const made = await store.append(
      's1',
      { messages: [message('m1')] },
      { subject: 'mine', body: 'b', author: { name: 'A', email: 'a@b' }, at: '2026-01-01', kind: 'import' },
    )
    assert.deepEqual(made, {
      ...made,
      subject: 'mine',
      body: 'b',
      kind: 'import',
      author: { name: 'A', email: 'a@b' },
    })
    assert.equal(made.createdAt, '2026-01-01T00:00:00.000Z')
    assert.deepEqual(await store.checkpoint('s1'), made)
  })

  sentence('what is appended is validated, with paths into the document', async ({ any }) => {
    await any.save(session('s1', { runs: [run('r1', [0])] }, 'one'))
    const cases: [object, string][] = [
      [{ messages: [message('m2'), { ...message('m3'), role: 'nobody' }] }, 'messages.2.role'],
      [{ runs: [{ id: 'r2' }] }, 'runs.1.status'],
      [{ runs: [{ id: 'r1', events: [{ ...event(1), type: 7 }] }] }, 'runs.0.events.1.type'],
      [{ runs: [{ id: 'r1', status: 7 }] }, 'runs.0.status'],
      [{ set: { status: 7 } }, 'status'],
      [{ unset: ['usage'] }, 'usage'],
    ]
    await forEach(cases, async ([addition, path]) => {
      const { issues } = await refused(() => any.append('s1', addition), InvalidStateError)
      assert.ok(
        issues.some((issue) => issue.path.join('.') === path),
        `${path} in ${JSON.stringify(issues)}`,
      )
    })
  })

  sentence('what JSON cannot express is refused', async ({ any }) => {
    const saved = await any.save(session())
    await forEach([Number.NaN, 1n, () => 1, new Date(), [undefined]], async (value) => {
      await refused(() => any.append('s1', { set: { metadata: { value } } }), InvalidStateError)
      await refused(() => any.append('s1', { messages: [{ ...message('m1'), value }] }), InvalidStateError)
    })
    assert.deepEqual(await any.checkpoint('s1'), saved)
  })

  sentence('fixed keys and collections can be neither set nor unset', async ({ any }) => {
    const saved = await any.save(session())
    await forEach(['id', 'type', 'schemaVersion', 'messages', 'runs'], async (key) => {
      const set = await refused(() => any.append('s1', { set: { [key]: 'x' } }), InvalidStateError)
      const unset = await refused(() => any.append('s1', { unset: [key] }), InvalidStateError)
      assert.deepEqual([set.issues[0]?.path, unset.issues[0]?.path], [[key], [key]])
    })
    await refused(() => any.append('s1', { set: { title: 'T' }, unset: ['title'] }), InvalidStateError)
    assert.deepEqual(await any.checkpoint('s1'), saved)
  })

  sentence('one id twice in one addition is refused', async ({ store }) => {
    await store.save(session())
    const { issues } = await refused(
      () => store.append('s1', { messages: [message('m1'), message('m1', 'again')] }),
      InvalidStateError,
    )
    assert.deepEqual(issues[0]?.path, ['messages', 1, 'id'])
  })

  sentence('an addition of the wrong shape is a TypeError', async ({ any }) => {
    await any.save(session())
    const wrong = [
      null,
      [],
      'x',
      { message: [] },
      { messages: {} },
      { set: [] },
      { set: 'x' },
      { unset: 'title' },
    ]
    await forEach(wrong, (addition) => refused(() => any.append('s1', addition), TypeError))
    await refused(() => any.append('s1', {}, { at: 'yesterday' }), TypeError)
  })

  sentence('an append to a session that does not exist is refused', async ({ store }) => {
    await refused(() => store.append('nobody', { messages: [message('m1')] }), NotFoundError, {
      kind: 'session',
      id: 'nobody',
    })
  })

  sentence('an append never changes what it is given', async ({ store }) => {
    await store.save(session('s1', { runs: [run('r1', [0])] }))
    const addition = {
      messages: [message('m1', 'a\nb')],
      runs: [{ id: 'r1', events: [event(1)] }],
      set: { metadata: { a: {} } },
    }
    const before = structuredClone(addition)
    await store.append('s1', frozen(addition))
    assert.deepEqual(addition, before)
  })

  sentence('changing an addition after it was appended changes nothing in the store', async ({ store }) => {
    await store.save(session())
    const addition = { messages: [message('m1')], set: { metadata: { a: 1 } } }
    await store.append('s1', addition)
    addition.messages[0]!.content = 'changed'
    addition.set.metadata.a = 2
    const state = await store.load('s1')
    assert.deepEqual([state?.messages, state?.metadata], [[message('m1')], { a: 1 }])
  })

  sentence('a state that was loaded before an append is stale after it', async ({ store }) => {
    await store.save(session())
    const state = (await store.load('s1'))!
    await store.append('s1', { messages: [message('m1')] })
    await refused(() => store.save({ ...state, title: 'T' }), ConflictError)
    state.title = 'T'
    await refused(() => store.save(state), ConflictError)
    assert.equal((await store.load('s1'))?.messages.length, 1)
  })
}
