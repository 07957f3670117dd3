import assert from 'node:assert/strict'
import { InvalidIdError, InvalidStateError } from '../../errors.ts'
import { isObjectId } from '../../ids.ts'
import type { Chapter } from '../context.ts'
import { all, forEach, frozen, logOf, refused, START } from '../context.ts'
import { message, run, session, withMessage } from '../samples.ts'

export const saving: Chapter = (sentence) => {
  sentence('a state that was saved is loaded as it was', async ({ store }) => {
    const state = session('s1', { title: 'T', runs: [run('r1', [0, 1])] }, 'one', 'two')
    await store.save(state)
    assert.deepEqual(await store.load('s1'), state)
  })

  sentence('a save returns its checkpoint, and so does checkpoint()', async ({ store, clock }) => {
    clock.now = START + 1500
    const saved = await store.save(session('s1', {}, 'Read and analyze the codebase'))
    assert.ok(isObjectId(saved.id))
    assert.deepEqual(saved, {
      id: saved.id,
      session: 's1',
      branch: 'main',
      parents: [],
      createdAt: '2025-01-01T12:00:01.500Z',
      subject: 'turn 1: Read and analyze the codebase',
      body: '> Read and analyze the codebase',
      kind: 'save',
      seq: 1,
      messages: { from: 0, to: 0 },
      status: 'idle',
      ...(saved.author !== undefined && { author: saved.author }),
    })
    assert.deepEqual(await store.checkpoint('s1'), saved)
  })

  sentence('a checkpoint has counts of what it adds, and status, model and tokens', async ({ store }) => {
    const state = session('s1', { model: 'large', usage: { inputTokens: 40, outputTokens: 2 } }, 'one')
    await store.save(state)
    const next = {
      ...withMessage(state, message('a2'), message('m3')),
      status: 'waiting',
      runs: [run('r1'), run('r2')],
    }
    const { messages, run: last, status, model, tokens } = await store.save(next, { expected: 'any' })
    assert.deepEqual(
      { messages, last, status, model, tokens },
      { messages: { from: 1, to: 2 }, last: 'r2', status: 'waiting', model: 'large', tokens: 42 },
    )
  })

  sentence('a checkpoint that adds no messages has no message count', async ({ store }) => {
    const state = session('s1', {}, 'one')
    await store.save(state)
    const saved = await store.save({ ...state, title: 'T' }, { expected: 'any' })
    assert.equal(saved.messages, undefined)
    assert.equal(saved.run, undefined)
    assert.equal(saved.subject, 'turn 2: title T')
  })

  sentence('turns are counted', async ({ store }) => {
    const state = session()
    const numbers = []
    for (const title of ['a', 'b', 'c']) {
      state.title = title
      numbers.push((await store.save(state)).seq)
    }
    assert.deepEqual(numbers, [1, 2, 3])
  })

  sentence('a checkpoint has the one before as its parent', { needs: ['history'] }, async ({ store }) => {
    const state = session()
    const first = await store.save(state)
    state.title = 'T'
    const second = await store.save(state)
    assert.deepEqual(second.parents, [first.id])
    assert.deepEqual(await logOf(store, 's1'), [second.id, first.id])
  })

  sentence('the default subject is the user’s first new message', async ({ store }) => {
    const state = session('s1', {}, 'one')
    await store.save(state)
    state.messages.push(message('a2', 'An answer'), message('m3', ' Now\n\tthe tests '), message('m4', 'No'))
    assert.equal((await store.save(state)).subject, 'turn 2: Now the tests')
    state.messages.push(message('a5', 'Done'))
    assert.equal((await store.save(state)).subject, 'turn 3: Done')
    state.status = 'running'
    assert.equal((await store.save(state)).subject, 'turn 4: status running')
  })

  sentence('a default subject fits on one line of a terminal', async ({ store }) => {
    const { subject } = await store.save(session('s1', {}, `\u001b[31m${'many words '.repeat(20)}\u202e`))
    assert.ok(subject.length <= 72)
    assert.match(subject, /^turn 1: \[31mmany words .* many…$|^turn 1: \[31mmany words .* words…$/)
  })

  sentence('subject, body and author are kept', async ({ store }) => {
    const author = { name: 'Ada', email: 'ada@example.org' }
    const options = { subject: 'what I did', body: 'First.\n\nSecond: with\n- a list', author }
    await store.save(session(), options)
    const { subject, body, author: kept } = await store.checkpoint('s1')
    assert.deepEqual({ subject, body, author: kept }, options)
  })

  sentence(
    'the store’s author is used by default',
    {
      options: { author: { name: 'Agent', email: '' } },
    },
    async ({ store }) => {
      await store.save(session())
      assert.deepEqual((await store.checkpoint('s1')).author, { name: 'Agent', email: '' })
    },
  )

  sentence('the model is the author if neither the call nor the store names one', async ({ store }) => {
    const { author } = await store.save(session('s1', { model: 'some <model>' }, 'one'))
    if (author !== undefined)
      assert.deepEqual(author, { name: 'some model', email: 'noreply@forkpoint.invalid' })
    const named = await store.append('s1', { set: { title: 'T' } }, { author: { name: 'Ada', email: '' } })
    if (author !== undefined) assert.deepEqual(named.author, { name: 'Ada', email: '' })
  })

  sentence(
    'the body of a turn is its prompt and the beginning of the answer, that of a step is empty',
    async ({ store }) => {
      const texts = {
        m1: 'Look:\n\nat \u001b[2Jthis',
        a2: 'First.',
        m3: 'And then?',
        a4: 'word '.repeat(300),
      }
      const messages = Object.entries(texts).map(([id, text]) => message(id, text))
      await store.save(session('s1', { messages }))
      const body = `> Look:\n>\n> at [2Jthis\n\n${'word '.repeat(39)}word…`
      assert.equal((await store.checkpoint('s1')).body, body)
      const step = await store.append('s1', { messages: [message('a5')] }, { kind: 'step' })
      assert.equal(step.body, '')
      const none = await store.append('s1', { messages: [message('a6')] }, { body: '' })
      assert.equal(none.body, '')
    },
  )

  sentence('subject and body cannot control a terminal or forge a trailer', async ({ store }) => {
    await store.save(session(), {
      subject: ' a\nb\u001b[2J\u202e ',
      body: 'Hello\u0007\r\n\r\nForkpoint-Seq: 99\nForkpoint-Format: 1\n\n',
    })
    const { subject, body, seq } = await store.checkpoint('s1')
    assert.deepEqual(
      { subject, body, seq },
      { subject: 'a b[2J', body: 'Hello\n\nForkpoint-Seq: 99\nForkpoint-Format: 1', seq: 1 },
    )
  })

  sentence('a subject of white space only is replaced by the default', async ({ store }) => {
    assert.equal((await store.save(session('s1', {}, 'x'), { subject: ' \n' })).subject, 'turn 1: x')
  })

  sentence('a checkpoint has the given time', async ({ store }) => {
    const times = [new Date(Date.UTC(2020, 1, 3)), '2020-02-04T00:00:00.25+01:00', Date.UTC(2020, 1, 5)]
    const state = session()
    const made = []
    for (const at of times) {
      state.title = String(at)
      made.push((await store.save(state, { at })).createdAt)
    }
    assert.deepEqual(made, [
      '2020-02-03T00:00:00.000Z',
      '2020-02-03T23:00:00.250Z',
      '2020-02-05T00:00:00.000Z',
    ])
    assert.equal((await store.checkpoint('s1')).createdAt, made[2])
  })

  sentence('a checkpoint has its own time, even if its parent’s is later', async ({ store, clock }) => {
    const state = session()
    await store.save(state, { at: '2099-01-01' })
    state.title = 'T'
    const made = await store.save(state)
    assert.equal(made.createdAt, new Date(START).toISOString())
    assert.equal((await store.checkpoint('s1')).createdAt, new Date(START).toISOString())
    clock.now = START - 5000
    const earlier = await store.append('s1', { set: { title: 'U' } })
    assert.equal(earlier.createdAt, new Date(START - 5000).toISOString())
    assert.equal((await store.load('s1'))?.updatedAt, earlier.createdAt)
    await store.append('s1', { set: { title: 'V' } }, { at: '2001-01-01' })
    assert.equal((await all(store.list()))[0]?.updatedAt, '2001-01-01T00:00:00.000Z')
    assert.equal((await all(store.log('s1'))).length, store.supports.history ? 4 : 1)
  })

  sentence('an unchanged state makes no checkpoint', async ({ store, clock }) => {
    const state = session('s1', { runs: [run('r1', [0])] }, 'one')
    const saved = await store.save(state)
    clock.now += 1000
    assert.deepEqual(await store.save(state), saved)
    assert.deepEqual(await store.save(structuredClone(state), { expected: saved.id }), saved)
    assert.deepEqual(await store.checkpoint('s1'), saved)
  })

  sentence('a state that differs in updatedAt only is unchanged', async ({ store }) => {
    const state = session()
    const saved = await store.save(state)
    assert.deepEqual(
      await store.save({ ...state, updatedAt: '2030-01-01T00:00:00.000Z' }, { expected: 'any' }),
      saved,
    )
    assert.equal((await store.load('s1'))?.updatedAt, state.updatedAt)
  })

  sentence('allowEmpty makes a checkpoint of an unchanged state', async ({ store, clock }) => {
    const state = session()
    await store.save(state)
    clock.now += 1000
    const { seq, subject } = await store.save(state, { allowEmpty: true })
    assert.deepEqual({ seq, subject }, { seq: 2, subject: 'turn 2: nothing changed' })
  })

  sentence('an item that is no longer in the state is removed', async ({ store }) => {
    const state = session('s1', { title: 'T', runs: [run('r1', [0, 1, 2]), run('r2')] }, 'a', 'b', 'c')
    await store.save(state)
    const less = session('s1', { runs: [run('r1', [0])] }, 'a', 'c')
    await store.save(less, { expected: 'any' })
    assert.deepEqual(await store.load('s1'), less)
    const nothing = session('s1')
    await store.save(nothing, { expected: 'any' })
    assert.deepEqual(await store.load('s1'), nothing)
  })

  sentence('messages can be changed and moved', async ({ store }) => {
    await store.save(session('s1', {}, 'a', 'b', 'c'))
    const [a, b, c] = session('s1', {}, 'a', 'b', 'c').messages
    const moved = session('s1', { messages: [c!, { ...a!, content: 'A' }, b!] })
    await store.save(moved, { expected: 'any' })
    assert.deepEqual(await store.load('s1'), moved)
  })

  sentence('a save never changes the state it is given', async ({ store }) => {
    const state = frozen(session('s1', { runs: [run('r1', [0])] }, 'one\ntwo'))
    await store.save(state)
    await store.save(frozen(withMessage(state, message('m2'))), { expected: 'any' })
    assert.deepEqual(state, session('s1', { runs: [run('r1', [0])] }, 'one\ntwo'))
  })

  sentence('changing a state after it was saved changes nothing in the store', async ({ store }) => {
    const state = session('s1', {}, 'one')
    await store.save(state)
    state.messages[0]!.content = 'changed'
    state.metadata.x = 1
    assert.deepEqual(await store.load('s1'), session('s1', {}, 'one'))
  })

  sentence('a save of kind import says so and counts as a turn', async ({ store }) => {
    const { kind, seq } = await store.save(session(), { kind: 'import' })
    assert.deepEqual({ kind, seq }, { kind: 'import', seq: 1 })
    assert.equal((await store.checkpoint('s1')).kind, 'import')
  })

  sentence('further trailers are accepted', async ({ store }) => {
    await store.save(session(), { trailers: { Workspace: '91bc…+dirty\nForkpoint-Seq: 7' } })
    assert.equal((await store.checkpoint('s1')).seq, 1)
  })

  sentence('an invalid state is refused with all issues and their paths', async ({ any }) => {
    const wrong = { ...session(), status: 7, messages: [message('m1'), { id: 'm2', role: 'nobody' }] }
    const { issues } = await refused(() => any.save(wrong), InvalidStateError)
    const paths = issues.map(({ path }) => path.join('.'))
    for (const path of ['status', 'messages.1.role', 'messages.1.content'])
      assert.ok(paths.includes(path), path)
    assert.equal(await any.exists('s1'), false)
  })

  sentence('a refused save leaves everything as it was', async ({ store, any }) => {
    const state = session('s1', {}, 'one')
    const saved = await store.save(state)
    await refused(() => any.save({ ...state, messages: [message('m1'), message('m1')] }), InvalidStateError)
    await refused(() => any.save({ ...state, usage: undefined }, { expected: 'any' }), InvalidStateError)
    assert.deepEqual(await store.checkpoint('s1'), saved)
    assert.deepEqual(await store.load('s1'), state)
  })

  sentence('a state of a newer schema version is refused', async ({ any }) => {
    await refused(() => any.save({ ...session(), schemaVersion: 2 }), InvalidStateError)
  })

  sentence('a document of another type is refused', async ({ any }) => {
    await refused(() => any.save({ ...session(), type: 'graph-thread' }), InvalidStateError)
  })

  sentence('a value that is not a document is refused', async ({ any }) => {
    await forEach([null, undefined, 'x', 7, [], new Date(), new Map()], async (state) => {
      await refused(() => any.save(state), InvalidStateError)
    })
    await forEach([undefined, 7, '', 'a\u0000b'], async (id) => {
      await refused(() => any.save({ ...session(), id }), InvalidIdError)
    })
  })

  sentence('options of the wrong type are TypeErrors', async ({ any }) => {
    const wrong = [
      { at: 'yesterday' },
      { at: new Date(Number.NaN) },
      { at: -1 },
      { at: 8.64e15 },
      { subject: 7 },
      { body: null },
      { author: 'me' },
      { author: { name: '', email: '' } },
      { key: '' },
      { key: 'k'.repeat(1001) },
      { expected: 'main' },
      { expected: 7 },
      { kind: 'fork' },
      { allowEmpty: 'yes' },
      { trailers: { 'not a name': 'x' } },
      { trailers: { seq: '7' } },
      { trailers: { Redacted: '1' } },
      { trailers: { files: '7' } },
      { trailers: { Nonce: '1' } },
      { trailers: { Continues: '1' } },
    ]
    await forEach(wrong, (options) => refused(() => any.save(session(), options), TypeError))
    assert.equal(await any.exists('s1'), false)
  })
}
