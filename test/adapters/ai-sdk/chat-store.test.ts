/** Chats saved and loaded: what each kind of list becomes, and what is refused. */
import type { UIMessage } from 'ai'
import { describe, expect, test } from 'vitest'
import { CHAT_TYPE, chatStore } from '../../../src/adapters/ai-sdk/index.ts'
import {
  ConflictError,
  GitSessionStore,
  InvalidIdError,
  InvalidStateError,
  NotFoundError,
  newSession,
  SessionClosedError,
} from '../../../src/index.ts'
import { assistant, git, idsOf, setting, temporaryFolder, turns, user } from './context.ts'

describe('a chat', () => {
  test('that was never saved has no messages', async () => {
    const { chats } = setting()
    expect(await chats.load('new')).toEqual([])
    expect(await chats.read('new')).toBeUndefined()
    expect(await chats.delete('new')).toBe(false)
    await chats.close()
  })

  test('comes back whole, fields that nobody knows included', async () => {
    const { chats, folder, store } = setting()
    const messages = [
      user('u1', 'Hello\nthere', {
        createdAt: '2026-01-01T00:00:00.000Z',
        metadata: { 'x-y': [1, -0, null] },
      }),
      {
        id: 'a1',
        role: 'assistant' as const,
        parts: [
          { type: 'reasoning', text: 'hm', state: 'done', unknown: { deep: true } },
          {
            type: 'tool-weather',
            toolCallId: 'c1',
            state: 'output-available',
            input: {},
            output: { t: 20 },
            title: 'T',
          },
          { type: 'data-chart', id: 'd', data: { $lines: ['not', 'a', 'marker'] } },
          { type: 'file', mediaType: 'image/png', url: `data:image/png;base64,${'QUJD'.repeat(5000)}` },
          { type: 'text', text: 'x'.repeat(70_000), providerMetadata: { some: { key: 1 } } },
        ],
      } as unknown as UIMessage,
    ]
    const checkpoint = await chats.save({ chatId: 'Chat/1', messages })
    expect(checkpoint).toMatchObject({
      seq: 1,
      branch: 'main',
      session: 'Chat/1',
      messages: { from: 0, to: 1 },
    })
    expect(await chats.load('Chat/1')).toEqual(messages)
    await store.close()
    const again = chatStore(folder)
    expect(await again.load('Chat/1')).toEqual(messages)
    expect(JSON.stringify(await again.load('Chat/1'))).toBe(JSON.stringify(messages))
    await again.close()
    git(folder, 'fsck', '--strict')
  })

  test('what is loaded can be changed without changing the chat', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: turns(2) })
    const loaded = await chats.load('c')
    ;(loaded[1]!.parts[1] as { text: string }).text = 'Something else.'
    loaded.pop()
    expect(await chats.load('c')).toEqual(turns(2))
  })

  test('gets one commit a turn, which reads well in plain git', async () => {
    const { chats, folder } = setting()
    for (const count of [1, 2, 3]) await chats.save({ chatId: 'c', messages: turns(count) })
    expect(git(folder, 'log', '--format=%s', 'c/main')).toBe(
      'turn 3: Question 3?\nturn 2: Question 2?\nturn 1: Question 1?',
    )
    expect(git(folder, 'ls-tree', '-r', '--name-only', 'c/main').split('\n')).toEqual([
      '.gitattributes',
      'README.md',
      'messages/0000/000000-turn-1.md',
      'messages/0000/000000-user.json',
      'messages/0000/000001-assistant.json',
      'messages/0000/000002-turn-2.md',
      'messages/0000/000002-user.json',
      'messages/0000/000003-assistant.json',
      'messages/0000/000004-turn-3.md',
      'messages/0000/000004-user.json',
      'messages/0000/000005-assistant.json',
      'session.json',
    ])
    expect(git(folder, 'diff', '--stat', 'c/main~1', 'c/main')).toMatch(/3 files changed/)
    const report = await chats.store.verify('c')
    expect(report).toMatchObject({ ok: true, checkpoints: 3 })
  })

  test('saved as a request comes in and when the answer is there is still one turn', async () => {
    const { chats, folder } = setting()
    const all = turns(2)
    for (const count of [1, 2, 3, 4]) await chats.save({ chatId: 'c', messages: all.slice(0, count) })
    expect(git(folder, 'log', '--first-parent', '--format=%s', 'c/main')).toBe(
      'turn 2: Question 2?\nturn 1: Question 1?\nstep: Question 1?',
    )
    const logged = []
    for await (const { subject, messages } of chats.store.log('c')) logged.push([subject, messages])
    expect((await chats.store.checkpoint('c')).body).toMatch(/^> Question 2\?\n\nAnswer 2/)
    expect(logged).toEqual([
      ['turn 2: Question 2?', { from: 2, to: 3 }],
      ['turn 1: Question 1?', { from: 0, to: 1 }],
    ])
    expect(idsOf(await chats.load('c', { at: 'main~1' }))).toBe('u1 a1')
    expect((await chats.store.verify('c')).ok).toBe(true)
  })

  test('that is saved again as it is gets no commit, whatever is expected', async () => {
    const { chats } = setting()
    const first = await chats.save({ chatId: 'c', messages: turns(1), expected: null })
    const second = await chats.save({ chatId: 'c', messages: turns(2), expected: first.id })
    // The answer to the first try got lost.
    const retried = await chats.save({ chatId: 'c', messages: turns(2), expected: first.id })
    expect(retried.id).toBe(second.id)
    expect(retried).toEqual(second)
  })

  test('can begin empty, and gets its title from the first question, or from who saves', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'empty', messages: [] })
    expect(await chats.read('empty')).toMatchObject({ messages: [], title: undefined, branch: 'main' })
    await chats.save({ chatId: 'empty', messages: turns(1) })
    expect(await chats.read('empty')).toMatchObject({ title: 'Question 1?' })
    await chats.save({ chatId: 'empty', messages: turns(1), title: 'My own' })
    expect(await chats.read('empty')).toMatchObject({ title: 'My own' })
    await chats.save({ chatId: 'c', messages: turns(1) })
    const titled = await chats.save({ chatId: 'c', messages: turns(1), title: 'Another' })
    expect(titled).toMatchObject({ kind: 'step', subject: 'step: title Another' })
    await chats.save({ chatId: 'c', messages: turns(2) })
    await chats.store.view({ type: 'other' }).save({ id: 'no-chat' } as never)
    const listed = []
    for await (const { id, title, messages, type } of chats.list({ order: 'id' }))
      listed.push({ id, title, messages, type })
    expect(listed).toEqual([
      { id: 'c', title: 'Another', messages: 4, type: CHAT_TYPE },
      { id: 'empty', title: 'My own', messages: 2, type: CHAT_TYPE },
    ])
    expect((await chats.store.verify()).ok).toBe(true)
  })

  test('has a title that cuts no character in half', async () => {
    const { chats } = setting()
    for (const [id, character] of ['🌷', '👩‍👩‍👧', 'é'].entries()) {
      for (let shift = 0; shift < 8; shift++) {
        const text = `${'x'.repeat(70 + shift)}${character.repeat(20)}`
        const chatId = `c${id}-${shift}`
        await chats.save({ chatId, messages: [user('u1', text)] })
        const { title } = (await chats.read(chatId))!
        expect(title).toMatch(new RegExp(`^x+(?:${character})*…$`, 'u'))
        expect([...title!].length).toBeLessThanOrEqual(80)
      }
    }
  })

  test('that is deleted is gone with all its branches', async () => {
    const { chats, folder } = setting()
    await chats.save({ chatId: 'c', messages: turns(2) })
    await chats.save({
      chatId: 'c',
      messages: [...turns(2).slice(0, 3), assistant('b', 'B')],
      trigger: 'regenerate-message',
    })
    expect(await chats.delete('c')).toBe(true)
    expect(await chats.load('c')).toEqual([])
    expect(git(folder, 'for-each-ref')).toBe('')
    const again = await chats.save({ chatId: 'c', messages: turns(1) })
    expect(again.seq).toBe(1)
  })
})

describe('another try', () => {
  test('becomes a branch, which is the active one, at the turn before', async () => {
    const { chats, folder } = setting()
    for (const count of [1, 2]) await chats.save({ chatId: 'c', messages: turns(count) })
    const second = [...turns(2).slice(0, 3), assistant('b2', 'Another answer.')]
    const made = await chats.save({
      chatId: 'c',
      messages: second,
      trigger: 'regenerate-message',
      messageId: 'a2',
    })
    expect(made).toMatchObject({ branch: 'regenerate-1', subject: 'turn 2 again: Question 2?', seq: 2 })
    expect(await chats.load('c')).toEqual(second)
    expect(await chats.load('c', { branch: 'main' })).toEqual(turns(2))
    expect(git(folder, 'rev-parse', 'c/regenerate-1~1')).toBe(git(folder, 'rev-parse', 'c/main~1'))
    expect((await chats.branches('c')).map(({ name, active }) => [name, active])).toEqual([
      ['main', false],
      ['regenerate-1', true],
    ])
    const third = [...second, user('u3', 'Go on'), assistant('a3', 'On.')]
    await chats.save({ chatId: 'c', messages: third, trigger: 'submit-message' })
    expect(idsOf(await chats.load('c'))).toBe('u1 a1 u2 b2 u3 a3')
    git(folder, 'fsck', '--strict')
    expect((await chats.store.verify('c')).ok).toBe(true)
  })

  test('that is saved in pieces stays one branch', async () => {
    const { chats } = setting()
    for (const count of [1, 2, 3, 4]) await chats.save({ chatId: 'c', messages: turns(2).slice(0, count) })
    const request = { chatId: 'c', trigger: 'regenerate-message', messageId: 'a2' } as const
    const start = await chats.save({ ...request, messages: turns(2).slice(0, 3) })
    // There is a checkpoint with exactly these messages: the branch is one ref.
    expect(start.id).toBe(await chats.store.resolve('c', 'main^2'))
    expect(start.branch).toBe('regenerate-1')
    const partly = assistant('b2', 'Anoth')
    ;(partly.parts[1] as { state: string }).state = 'streaming'
    await chats.save({ ...request, messages: [...turns(2).slice(0, 3), partly] })
    await chats.save({ ...request, messages: [...turns(2).slice(0, 3), assistant('b2', 'Another answer.')] })
    expect((await chats.branches('c')).length).toBe(2)
    expect(idsOf(await chats.load('c'))).toBe('u1 a1 u2 b2')
    expect((await chats.load('c')).at(-1)).toEqual(assistant('b2', 'Another answer.'))
    expect((await chats.store.verify('c')).ok).toBe(true)
  })

  test('of an answer that keeps its id is still another one', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: turns(1) })
    const made = await chats.save({
      chatId: 'c',
      messages: [turns(1)[0]!, assistant('a1', 'No.')],
      trigger: 'regenerate-message',
      messageId: 'a1',
    })
    expect(made.branch).toBe('regenerate-1')
    expect(made.parents).toEqual([])
  })

  test('of an earlier answer needs its id', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: turns(3) })
    const messages = [...turns(3).slice(0, 3), assistant('b2', 'B')]
    const request = { chatId: 'c', messages, trigger: 'regenerate-message' } as const
    await expect(chats.save(request)).rejects.toBeInstanceOf(ConflictError)
    expect((await chats.save({ ...request, messageId: 'a2' })).branch).toBe('regenerate-1')
  })

  test('can be asked for at the question as well', async () => {
    const { chats } = setting()
    for (const count of [1, 2]) await chats.save({ chatId: 'c', messages: turns(count) })
    const messages = [turns(1)[0]!, assistant('b1', 'B')]
    await chats.save({ chatId: 'c', messages, trigger: 'regenerate-message', messageId: 'u1' })
    expect(idsOf(await chats.load('c'))).toBe('u1 b1')
  })
})

describe('an edit', () => {
  test('of a question, which keeps its id, becomes a branch', async () => {
    const { chats } = setting()
    for (const count of [1, 2, 3]) await chats.save({ chatId: 'c', messages: turns(count) })
    const messages = [...turns(1), user('u2', 'Edited?'), assistant('b2', 'B')]
    const made = await chats.save({ chatId: 'c', messages, trigger: 'submit-message', messageId: 'u2' })
    expect(made).toMatchObject({ branch: 'edit-1', subject: 'turn 2 edited: Edited?' })
    expect(made.parents).toEqual([await chats.store.resolve('c', 'main~2')])
    expect(await chats.load('c')).toEqual(messages)
  })

  test('that changes nothing is another try', async () => {
    const { chats } = setting()
    for (const count of [1, 2]) await chats.save({ chatId: 'c', messages: turns(count) })
    const messages = [...turns(2).slice(0, 3), assistant('b2', 'B')]
    const made = await chats.save({ chatId: 'c', messages, trigger: 'submit-message', messageId: 'u2' })
    expect(made.branch).toBe('edit-1')
  })

  test('of the very first question begins anew, with the title that the chat has', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: turns(2) })
    const messages = [user('u1', 'Something else?'), assistant('b1', 'B')]
    const made = await chats.save({ chatId: 'c', messages, trigger: 'submit-message', messageId: 'u1' })
    expect(made).toMatchObject({ parents: [], seq: 1, branch: 'edit-1' })
    expect(await chats.read('c')).toMatchObject({ title: 'Question 1?', branch: 'edit-1', messages })
    expect((await chats.store.verify('c')).ok).toBe(true)
  })
})

describe('an answer that grows', () => {
  const call = (more: object) => ({ type: 'tool-buy', toolCallId: 'c1', input: { what: 'tea' }, ...more })
  const answer = (...parts: object[]) => ({ id: 'a1', role: 'assistant', parts }) as unknown as UIMessage
  const question = user('u1', 'Buy tea')

  test('stays on its branch: an approval, a result, the text after it', async () => {
    const { chats } = setting()
    const save = (message: UIMessage) =>
      chats.save({ chatId: 'c', messages: [question, message], trigger: 'submit-message', messageId: 'a1' })
    await save(answer(call({ state: 'input-available' })))
    await save(answer(call({ state: 'approval-requested', approval: { id: 'p' } })))
    await save(answer(call({ state: 'approval-responded', approval: { id: 'p', approved: true } })))
    const done = call({ state: 'output-available', output: 'bought', approval: { id: 'p', approved: true } })
    await save(answer(done))
    const last = await save(answer(done, { type: 'text', text: 'Done.', state: 'done' }))
    expect(last).toMatchObject({ branch: 'main', subject: 'turn 5: Done.' })
    expect((await chats.branches('c')).length).toBe(1)
    expect((await chats.store.verify('c')).ok).toBe(true)
  })

  test('with a value that was stored beside it leaves no file behind', async () => {
    const { chats, folder } = setting()
    const text = 'x y '.repeat(20_000)
    await chats.save({
      chatId: 'c',
      messages: [question, answer(call({ state: 'input-streaming', rawInput: text }))],
    })
    expect(git(folder, 'ls-tree', '-r', '--name-only', 'c/main')).toContain('000001-assistant.1.txt')
    await chats.save({ chatId: 'c', messages: [question, answer(call({ state: 'input-available' }))] })
    expect(git(folder, 'ls-tree', '-r', '--name-only', 'c/main')).not.toContain('.txt')
    expect((await chats.store.verify('c')).ok).toBe(true)
  })

  test('is the same to a tab that stopped reading: the next question goes on from the whole of it', async () => {
    const { chats } = setting()
    const step = { type: 'step-start' }
    const whole = answer(step, { type: 'text', text: 'One, two, three.', state: 'done' }, step)
    await chats.save({ chatId: 'c', messages: [question, whole] })
    for (const [number, cut] of [
      answer(step, { type: 'text', text: 'One, tw', state: 'streaming' }),
      answer(),
    ].entries()) {
      const before = (await chats.load('c')).slice(2)
      const messages = [question, cut, ...before, user(`n${number}`, 'And then?')]
      await chats.save({ chatId: 'c', messages, trigger: 'submit-message' })
    }
    expect(await chats.load('c')).toEqual([question, whole, user('n0', 'And then?'), user('n1', 'And then?')])
    const other = [question, answer(step, { type: 'text', text: 'Four' })]
    await expect(chats.save({ chatId: 'c', messages: other })).rejects.toBeInstanceOf(ConflictError)
  })

  test('is not overwritten by a tab that has not seen its result', async () => {
    const { chats } = setting()
    await chats.save({
      chatId: 'c',
      messages: [question, answer(call({ state: 'output-available', output: 'bought' }))],
    })
    for (const stale of [
      call({ state: 'input-available' }),
      call({ state: 'output-available', output: 'sold' }),
      call({ state: 'output-error', errorText: 'late' }),
    ]) {
      const messages = [question, answer(stale)]
      const save = chats.save({ chatId: 'c', messages, trigger: 'submit-message', messageId: 'a1' })
      await expect(save).rejects.toBeInstanceOf(ConflictError)
    }
    const plain = chats.save({
      chatId: 'c',
      messages: [question, answer(call({ state: 'input-available' }))],
    })
    await expect(plain).rejects.toBeInstanceOf(ConflictError)
  })
})

describe('a stale tab', () => {
  test('is told, and nothing is written', async () => {
    const { chats, folder } = setting()
    const first = await chats.save({ chatId: 'c', messages: turns(1) })
    await chats.save({ chatId: 'c', messages: turns(2) })
    const before = git(folder, 'for-each-ref')
    const other = [...turns(1), user('x2', 'Other tab?'), assistant('y2', 'Y')]
    for (const options of [
      { messages: other, trigger: 'submit-message' },
      { messages: other },
      { messages: turns(1), trigger: 'submit-message' },
      { messages: [], trigger: 'submit-message' },
      { messages: [...turns(2), user('u3', 'More')], expected: first.id },
      { messages: other, expected: null },
      { messages: other, trigger: 'submit-message', messageId: 'x2' },
      { messages: [user('z', 'Z')], trigger: 'regenerate-message', messageId: 'unknown' },
      { messages: [...other, assistant('z', 'Z')], trigger: 'regenerate-message', messageId: 'a2' },
    ] as const) {
      const error = await chats.save({ chatId: 'c', ...options }).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(ConflictError)
      expect((error as ConflictError).actual).toBe(await chats.store.resolve('c', 'main'))
    }
    expect(git(folder, 'for-each-ref')).toBe(before)
  })

  test('may branch when it says what it has seen', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: turns(2) })
    const { checkpoint } = (await chats.read('c'))!
    const shorter = [...turns(1), user('x2', 'Other?'), assistant('y2', 'Y')]
    const made = await chats.save({ chatId: 'c', messages: shorter, expected: checkpoint })
    expect(made.branch).toBe('branch-1')
    const any = await chats.save({ chatId: 'c', messages: [], expected: 'any' })
    expect(any.branch).toBe('branch-2')
    expect(await chats.load('c')).toEqual([])
  })

  test('on another branch than the active one can name its own', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: turns(2) })
    await chats.save({
      chatId: 'c',
      messages: [...turns(2).slice(0, 3), assistant('b2', 'B')],
      trigger: 'regenerate-message',
    })
    await expect(chats.save({ chatId: 'c', messages: turns(3) })).rejects.toBeInstanceOf(ConflictError)
    const saved = await chats.save({ chatId: 'c', messages: turns(3), branch: 'main' })
    expect(saved.branch).toBe('main')
    expect(idsOf(await chats.load('c'))).toBe('u1 a1 u2 b2')
    await chats.select('c', 'main')
    expect(idsOf(await chats.load('c'))).toBe('u1 a1 u2 a2 u3 a3')
  })

  test('of a chat that was deleted is told too', async () => {
    const { chats } = setting()
    const { id } = await chats.save({ chatId: 'c', messages: turns(1) })
    await chats.delete('c')
    await expect(chats.save({ chatId: 'c', messages: turns(2), expected: id })).rejects.toBeInstanceOf(
      ConflictError,
    )
  })
})

describe('what cannot be', () => {
  test('ids that are missing or repeated are refused, with the way out', async () => {
    const { chats, folder } = setting()
    const hostile = [
      user('u1', 'One'),
      assistant('', 'An answer without generateMessageId'),
      user('u1', 'Two'),
      { role: 'user', parts: [] },
      { id: 7, role: '', parts: 'text' },
      null,
      'text',
      new Date(),
    ] as unknown as UIMessage[]
    const error = await chats.save({ chatId: 'c', messages: hostile }).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(InvalidStateError)
    expect((error as InvalidStateError).issues.map(({ path }) => path.join('.'))).toEqual([
      'messages.1.id',
      'messages.2.id',
      'messages.3.id',
      'messages.4.id',
      'messages.4.role',
      'messages.4.parts',
      'messages.5',
      'messages.6',
      'messages.7',
    ])
    expect(String(error)).toContain('generateMessageId')
    expect(await chats.load('c')).toEqual([])
    expect(() => git(folder, 'rev-parse', 'HEAD')).toThrow()
  })

  test('values that cannot be JSON are refused, with the path', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: turns(1) })
    const loop: Record<string, unknown> = {}
    loop.self = loop
    for (const metadata of [{ n: 1n }, loop]) {
      const save = chats.save({ chatId: 'c', messages: [...turns(1), user('u2', 'Hm', { metadata })] })
      await expect(save).rejects.toMatchObject({
        issues: [{ path: ['messages', 2, 'metadata', Object.keys(metadata)[0]] }],
      })
    }
    expect(await chats.load('c')).toEqual(turns(1))
  })

  test('a request can hold anything: what is wrong is named', async () => {
    const { chats } = setting()
    const save = (more: object) => chats.save({ chatId: 'c', messages: turns(1), ...more } as never)
    for (const wrong of [
      { messages: 'text' },
      { messages: undefined },
      { messages: { length: 1 } },
      { trigger: 'resume-stream' },
      { messageId: 7 },
      { title: 7 },
      { expected: 7 },
    ])
      await expect(save(wrong)).rejects.toMatchObject({ issues: [{ path: Object.keys(wrong) }] })
    for (const wrong of [{ chatId: '' }, { chatId: undefined }, { chatId: 'a\nb' }, { branch: 'a:b' }])
      await expect(save(wrong)).rejects.toBeInstanceOf(InvalidIdError)
    await expect(chats.read('')).rejects.toBeInstanceOf(InvalidIdError)
    let deep: unknown = 'end'
    for (let depth = 0; depth < 20_000; depth++) deep = [deep]
    await expect(save({ messages: [user('u1', 'Hm', { metadata: deep })] })).rejects.toBeInstanceOf(
      InvalidStateError,
    )
    const traversal = await chats.save({ chatId: '../../x', messages: turns(1) })
    expect(traversal.session).toBe('../../x')
    expect(() => chatStore({} as never)).toThrow(TypeError)
  })

  test('what is not there is a NotFoundError', async () => {
    const { chats } = setting()
    await expect(chats.siblings('c', 'u1')).rejects.toBeInstanceOf(NotFoundError)
    await expect(chats.save({ chatId: 'c', messages: turns(1), branch: 'other' })).rejects.toBeInstanceOf(
      NotFoundError,
    )
    await chats.save({ chatId: 'c', messages: turns(1) })
    await expect(chats.save({ chatId: 'c', messages: turns(2), branch: 'other' })).rejects.toBeInstanceOf(
      NotFoundError,
    )
    await expect(chats.siblings('c', 'nobody')).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'message' })
    await expect(chats.select('c', 'other')).rejects.toBeInstanceOf(NotFoundError)
    await expect(chats.load('c', { at: 'main~7' })).rejects.toBeInstanceOf(NotFoundError)
    await expect(chats.load('c', { branch: 'other' })).rejects.toBeInstanceOf(NotFoundError)
  })

  test('a session that is no chat is left alone', async () => {
    const { chats, store } = setting()
    await store.save(newSession('s'))
    for (const attempt of [
      () => chats.load('s'),
      () => chats.save({ chatId: 's', messages: turns(1) }),
      () => chats.siblings('s', 'u1'),
      () => chats.select('s', 'main'),
      () => chats.delete('s'),
    ])
      await expect(attempt()).rejects.toThrow(InvalidStateError)
    await chats.save({ chatId: 'c', messages: turns(1) })
    await expect(store.load('c')).rejects.toThrow(/ai-sdk-chat/)
  })
})

describe('with the calls of the store', () => {
  test('a chat goes on from an earlier turn on a branch of their own', async () => {
    const { chats } = setting()
    for (const count of [1, 2, 3]) await chats.save({ chatId: 'c', messages: turns(count) })
    await chats.store.fork('c', { at: 'main~1', branch: 'other' })
    await chats.select('c', 'other')
    const messages = [...turns(2), user('x3', 'Else?'), assistant('y3', 'Else.')]
    const saved = await chats.save({ chatId: 'c', messages, trigger: 'submit-message' })
    expect(saved).toMatchObject({ branch: 'other', seq: 3, subject: 'turn 3: Else?' })
    expect((await chats.siblings('c', 'x3')).messages.map(({ branch }) => branch)).toEqual(['main', 'other'])
    const { added, removed } = (await chats.store.diff('c', 'main', 'other')).messages
    expect([added.length, removed.length]).toEqual([2, 2])
  })

  test('a chat is copied, and the copy has its own branches', async () => {
    const { chats, folder } = setting()
    for (const count of [1, 2]) await chats.save({ chatId: 'c', messages: turns(count) })
    await chats.store.fork('c', { session: 'copy' })
    await chats.save({ chatId: 'copy', messages: turns(3) })
    const again = [...turns(2).slice(0, 3), assistant('b2', 'B')]
    await chats.save({ chatId: 'copy', messages: again, trigger: 'regenerate-message', messageId: 'a2' })
    expect(await chats.load('copy')).toEqual(again)
    expect(await chats.load('copy', { branch: 'main' })).toEqual(turns(3))
    expect(await chats.load('c')).toEqual(turns(2))
    expect((await chats.store.verify()).problems).toEqual([])
    git(folder, 'fsck', '--strict')
  })

  test('an answer that came too late is kept as a branch', async () => {
    const { chats } = setting()
    const { branch } = await chats.save({ chatId: 'c', messages: turns(2).slice(0, 3) })
    await chats.save({ chatId: 'c', messages: [...turns(2).slice(0, 3), assistant('x2', 'Quicker.')] })
    const late = { chatId: 'c', messages: turns(2), branch }
    await expect(chats.save(late)).rejects.toBeInstanceOf(ConflictError)
    expect((await chats.save({ ...late, expected: 'any' })).branch).toBe('branch-1')
    expect((await chats.siblings('c', 'a2')).messages).toHaveLength(2)
  })

  test('a commit of another tool on a branch is part of the chat', async () => {
    const { chats, folder } = setting()
    await chats.save({ chatId: 'c', messages: turns(1) })
    const tree = git(folder, 'rev-parse', 'c/main^{tree}')
    const commit = git(
      folder,
      ...['-c', 'user.name=x', '-c', 'user.email=x@y', 'commit-tree', tree, '-p', 'c/main', '-m', 'By hand'],
    )
    git(folder, 'update-ref', 'refs/heads/c/main', commit)
    const saved = await chats.save({ chatId: 'c', messages: turns(2) })
    expect(saved).toMatchObject({ seq: 3, parents: [commit] })
    expect(await chats.load('c')).toEqual(turns(2))
  })
})

test('closing it leaves a store open that was given, and ends what it opened itself', async () => {
  const { chats, store, folder } = setting()
  await chats.save({ chatId: 'c', messages: turns(1) })
  const late = chats.save({ chatId: 'c', messages: turns(2) })
  await chats.close()
  expect((await late).seq).toBe(2)
  await expect(chats.load('c')).rejects.toBeInstanceOf(SessionClosedError)
  await expect(chats.save({ chatId: 'c', messages: turns(3) })).rejects.toBeInstanceOf(SessionClosedError)
  await store.save(newSession('s'))
  await store.close()
  const own = chatStore(folder)
  expect(await own.load('c')).toEqual(turns(2))
  await own.close()
  await expect(own.load('c')).rejects.toBeInstanceOf(SessionClosedError)
})

test('what is redacted never reaches the disk, and the chat goes on all the same', async () => {
  const redact = (value: unknown) => (typeof value === 'string' ? value.replaceAll('hunter2', '***') : value)
  const folder = temporaryFolder()
  const store = new GitSessionStore(folder, { redact })
  const chats = chatStore(store)
  const messages = [user('u1', 'My password is hunter2'), assistant('a1', 'hunter2 it is')]
  await chats.save({ chatId: 'c', messages })
  expect((await chats.read('c'))!.title).toBe('My password is ***')
  // Its own tab still has the secret, one that was loaded since has not.
  const longer = [...messages, user('u2', 'Say hunter2'), assistant('a2', 'Say ***')]
  await chats.save({ chatId: 'c', messages: longer })
  const loaded = await chats.load('c')
  expect(JSON.stringify(loaded)).not.toContain('hunter2')
  await chats.save({ chatId: 'c', messages: [...loaded, user('u3', 'Bye'), assistant('a3', 'Bye')] })
  await chats.save({
    chatId: 'c',
    messages: [...longer, user('u3', 'Bye'), assistant('a3', 'Bye'), user('u4', 'x')],
  })
  await store.close()
  const again = chatStore(new GitSessionStore(folder, { redact }))
  const tail = (await again.load('c')).slice(4)
  await again.save({ chatId: 'c', messages: [...longer, ...tail, assistant('a4', 'y')], title: 'hunter2' })
  expect((await again.branches('c')).length).toBe(1)
  await again.store.maintain()
  for (const object of git(folder, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)').split(
    '\n',
  ))
    expect(git(folder, 'cat-file', '-p', object)).not.toContain('hunter2')
})

test('redact may not take away what tells messages apart', async () => {
  const redact = (value: unknown, path: readonly (string | number)[]) => (path.at(-1) === 'id' ? 'x' : value)
  const chats = chatStore(new GitSessionStore(temporaryFolder(), { redact }))
  await expect(chats.save({ chatId: 'c', messages: turns(1) })).rejects.toBeInstanceOf(InvalidStateError)
})
