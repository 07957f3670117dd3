import assert from 'node:assert/strict'
import { InvalidStateError } from '../../errors.ts'
import type { Redact } from '../../store/session-store.ts'
import type { Chapter, Needs } from '../context.ts'
import { all, frozen, refused } from '../context.ts'
import { event, message, run, session } from '../samples.ts'

const hide: Redact = (value) => {
  if (value === 'REMOVE') return undefined
  return typeof value === 'string' ? value.replaceAll('sk-secret', '[redacted]') : value
}

export const redacting: Chapter = (sentence) => {
  const needs: Needs = { options: { redact: hide } }

  sentence('text that redact removes is not stored', needs, async ({ store }) => {
    const state = frozen(
      session('s1', {
        title: 'key sk-secret',
        metadata: { token: 'REMOVE', list: ['a', 'REMOVE'], deep: [{ key: 'sk-secret' }] },
        messages: [message('m1', 'use sk-secret please')],
        runs: [{ ...run('r1'), prompt: 'sk-secret', events: [{ ...event(0), text: 'sk-secret' }] }],
      }),
    )
    const made = await store.save(state)
    assert.equal(made.subject, 'turn 1: use [redacted] please')
    const stored = (await store.load('s1'))!
    assert.doesNotMatch(
      JSON.stringify([stored, await all(store.list()), await all(store.log('s1'))]),
      /sk-secret|REMOVE/,
    )
    assert.deepEqual(stored.metadata, { list: ['a', null], deep: [{ key: '[redacted]' }] })
    assert.equal(state.title, 'key sk-secret')
  })

  sentence('redact sees appended values too', needs, async ({ store }) => {
    await store.save(session('s1', { runs: [run('r1')] }))
    const made = await store.append('s1', {
      messages: [message('m1', 'sk-secret')],
      runs: [
        { id: 'r1', result: 'sk-secret', events: [{ ...event(0), text: 'sk-secret' }] },
        { ...run('r2', [0]), prompt: 'sk-secret' },
      ],
      set: { title: 'sk-secret', metadata: { token: 'REMOVE' } },
    })
    assert.equal(made.subject, 'turn 2: [redacted]')
    const stored = await store.load('s1')
    assert.doesNotMatch(JSON.stringify([stored, await store.runEvents('s1', 'r1')]), /sk-secret|REMOVE/)
    assert.equal(stored?.runs[0]?.result, '[redacted]')
  })

  sentence('a state that is equal after redaction is unchanged', needs, async ({ store }) => {
    const state = session('s1', { title: 'sk-secret' }, 'sk-secret')
    const saved = await store.save(state)
    assert.deepEqual(await store.save(state), saved)
    assert.deepEqual(await store.append('s1', { set: { title: 'sk-secret' } }), saved)
    assert.deepEqual(await store.append('s1', { messages: [message('m1', 'sk-secret')] }), saved)
  })

  sentence('a handle holds what was stored', needs, async ({ store }) => {
    await store.save(session())
    const handle = await store.open('s1')
    await handle.append({ messages: [message('m1', 'sk-secret')] })
    assert.equal(handle.state.messages[0]?.content, '[redacted]')
    await handle.save({ ...handle.state, title: 'sk-secret' })
    assert.equal(handle.state.title, '[redacted]')
    assert.deepEqual(handle.state, await store.load('s1'))
  })

  const paths: string[] = []
  const recording: Redact = (value, path) => {
    paths.push(path.join('.'))
    return value
  }

  sentence('redact gets the path of each value', { options: { redact: recording } }, async ({ store }) => {
    paths.length = 0
    await store.save(session('s1', { metadata: { a: [1] }, runs: [run('r1', [0])] }, 'one'))
    for (const path of [
      'metadata',
      'metadata.a.0',
      'messages.0',
      'messages.0.content',
      'runs.0.events.0.text',
    ]) {
      assert.ok(paths.includes(path), path)
    }
    assert.ok(paths.indexOf('messages.0') < paths.indexOf('messages.0.content'))
    paths.length = 0
    await store.append('s1', {
      messages: [message('m2')],
      runs: [{ id: 'r1', events: [event(1)] }],
      set: { title: 'T' },
    })
    for (const path of ['messages.1', 'messages.1.content', 'runs.0.events.1.text', 'title']) {
      assert.ok(paths.includes(path), path)
    }
    assert.ok(!paths.includes('messages.0.content'))
  })

  sentence(
    'redact must not change a document’s id or type',
    {
      options: { redact: (value) => (value === 's1' ? 'other' : value) },
    },
    async ({ store }) => {
      await refused(() => store.save(session('s1')), InvalidStateError)
      assert.equal(await store.exists('s1'), false)
      assert.equal(await store.exists('other'), false)
    },
  )

  sentence(
    'the redacted document is validated too',
    {
      options: { redact: (value, path) => (path.at(-1) === 'status' ? undefined : value) },
    },
    async ({ store }) => {
      const { issues } = await refused(() => store.save(session()), InvalidStateError)
      assert.deepEqual(issues[0]?.path, ['status'])
    },
  )
}
