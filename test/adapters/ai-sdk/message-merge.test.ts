/** What a tab sends back beside what is stored: for every two states of one answer the later one stays. */
import type { UIMessage } from 'ai'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeMessage, type Origin } from '../../../src/adapters/ai-sdk/message-merge.ts'
import { isSame, type StoredMessage } from '../../../src/adapters/ai-sdk/stored-message.ts'
import { ConflictError } from '../../../src/index.ts'
import { assistant, idsOf, setting, turns, user } from './context.ts'
import { answers, statesOf } from './stream-states.ts'

const SERVER: Origin = { isLast: true, fromTab: false, seen: false }
const TAB: Origin = { isLast: false, fromTab: true, seen: false }
const merged = (stored: UIMessage, given: UIMessage, origin: Origin) =>
  mergeMessage(stored as unknown as StoredMessage, given as unknown as StoredMessage, origin)
/** All but what is replaced, whose age nothing shows. */
const skeleton = (message: UIMessage | StoredMessage) =>
  JSON.stringify(message, (key, value) =>
    REPLACED.has(key) ? undefined : value?.preliminary === true ? { ...value, output: undefined } : value,
  )
const REPLACED = new Set(['data', 'metadata', 'providerMetadata', 'callProviderMetadata'])

test('two messages are the same JSON whatever the order of keys, but not if keys differ', () => {
  const same = (a: string, b: string) => isSame(JSON.parse(a), JSON.parse(b))
  expect(same('{"a":[1,{"b":null}],"c":"x"}', '{"c":"x","a":[1,{"b":null}]}')).toBe(true)
  expect(isSame({ a: 1, b: undefined }, { a: 1 })).toBe(true)
  expect(same('{"__proto__":{}}', '{"a":1}')).toBe(false)
  expect(same('{"a":1}', '{"__proto__":{}}')).toBe(false)
  expect(same('{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}')).toBe(true)
  expect(same('{"toString":1}', '{"valueOf":1}')).toBe(false)
  expect(same('{"constructor":{}}', '{"a":1}')).toBe(false)
  expect(same('[1]', '{"0":1}')).toBe(false)
})

describe('of every two states of an answer', () => {
  test('the later one is stored, the earlier one of a tab changes nothing, and neither is refused', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (chunks) => {
        const states = await statesOf(chunks)
        for (let i = 0; i < states.length; i++) {
          expect(merged(states[i]!, states[i]!, SERVER)).toMatchObject({ isNewer: false, isOlder: false })
          for (let j = i + 1; j < states.length; j++) {
            const [earlier, later] = [states[i]!, states[j]!]
            expect(merged(earlier, later, SERVER)?.message).toEqual(later)
            expect(merged(later, earlier, TAB)).toMatchObject({ message: later, isNewer: false })
            // A tab that saw more than was stored, as after a crash of the server.
            const fromTab = merged(earlier, later, TAB)!
            if (!fromTab.isOpen) expect(fromTab.message).toEqual(later)
            else expect(fromTab.isNewer || skeleton(earlier) === skeleton(fromTab.message)).toBe(true)
            // What was overtaken is never put in the place of the later one without a word.
            const late = merged(later, earlier, SERVER)!
            if (skeleton(earlier) !== skeleton(later)) expect(late.isNewer && !late.isOlder).toBe(false)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  test('a tab that was stopped goes on, whatever it had read, and the answer stays whole', async () => {
    const { chats } = setting()
    const [chunks] = fc.sample(answers, { numRuns: 1, seed: 7 })
    const states = await statesOf(chunks!)
    const whole = states.at(-1)!
    for (const [index, state] of states.entries()) {
      const chatId = `c${index}`
      await chats.save({ chatId, messages: [user('q', 'Hm?'), whole] })
      const messages = [user('q', 'Hm?'), state, user('n', 'And then?')]
      await chats.save({ chatId, messages, trigger: 'submit-message' })
      // The same request once more, as a tab does it that lost the connection.
      await chats.save({ chatId, messages, trigger: 'submit-message' })
      expect(await chats.load(chatId)).toEqual([user('q', 'Hm?'), whole, user('n', 'And then?')])
      expect(await chats.branches(chatId)).toHaveLength(1)
    }
  })
})

const answer = (...parts: object[]) => ({ id: 'a1', role: 'assistant', parts }) as unknown as UIMessage
const call = (state: string, more: object = {}) => ({
  type: 'tool-buy',
  toolCallId: 'c1',
  state,
  input: { what: 'tea' },
  ...more,
})
const other = { ...call('output-available', { output: 1 }), toolCallId: 'c2' }
const question = user('q', 'Buy tea')

describe('an answer that a tab and the server have both changed', () => {
  test('has the later state of each part', async () => {
    const { chats } = setting()
    const asked = call('approval-requested', { approval: { id: 'p', signature: 's' }, title: 'Buy' })
    await chats.save({ chatId: 'c', messages: [question, answer(asked, other)] })
    // The tab was stopped before the other call had its result, and lost what validation leaves out.
    const yes = call('approval-responded', { approval: { id: 'p', approved: true } })
    const open = { ...call('input-available'), toolCallId: 'c2' }
    const messages = [question, answer(yes, open)]
    await chats.save({ chatId: 'c', messages, trigger: 'submit-message', messageId: 'a1' })
    expect((await chats.load('c'))[1]).toEqual(
      answer({ ...asked, ...yes, approval: { id: 'p', signature: 's', approved: true } }, other),
    )
    // Asked again, it would run the tool once more.
    await chats.save({
      chatId: 'c',
      messages: [question, answer({ ...yes, state: 'output-available', output: 'bought' }, other)],
    })
    const again = chats.save({ chatId: 'c', messages, trigger: 'submit-message', messageId: 'a1' })
    await expect(again).rejects.toBeInstanceOf(ConflictError)
  })

  test('is a conflict where they decided differently', () => {
    const approved = call('approval-responded', { approval: { id: 'p', approved: true } })
    const denied = call('approval-responded', { approval: { id: 'p', approved: false } })
    const bought = call('output-available', { output: 'bought', approval: { id: 'p', approved: true } })
    for (const [stored, given] of [
      [approved, denied],
      [bought, denied],
      [bought, call('output-available', { output: 'sold' })],
      [bought, call('output-error', { errorText: 'late' })],
      [call('input-available'), call('input-available', { input: { what: 'milk' } })],
      [
        { type: 'text', text: 'One', state: 'done' },
        { type: 'text', text: 'One, two', state: 'done' },
      ],
      [
        { type: 'file', mediaType: 'image/png', url: 'a' },
        { type: 'file', mediaType: 'image/png', url: 'b' },
      ],
      [
        { type: 'data-note', data: 1 },
        { type: 'data-note', data: 2 },
      ],
    ] as const)
      for (const origin of [SERVER, TAB])
        expect(merged(answer(stored), answer(given), origin)).toBeUndefined()
  })
})

describe('metadata', () => {
  const rated = (rating: string, more: object = {}) =>
    assistant('a1', 'Hi.', { metadata: { rating, ...more } })

  test('of the last message that a server saves is what it says; of an earlier one it needs to be meant', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: [question, rated('up', { tokens: 1 })] })
    await chats.save({ chatId: 'c', messages: [question, rated('down')] })
    expect((await chats.load('c'))[1]!.metadata).toEqual({ rating: 'down', tokens: 1 })
    const saved = await chats.save({ chatId: 'c', messages: [question, rated('down'), user('u2', 'Why?')] })

    const messages = [question, rated('up'), user('u2', 'Why?')]
    const error = await chats.save({ chatId: 'c', messages }).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(ConflictError)
    expect(String(error)).toContain("'a1' with other content")
    await chats.save({ chatId: 'c', messages, trigger: 'submit-message' })
    expect((await chats.load('c'))[1]!.metadata).toEqual({ rating: 'down', tokens: 1 })
    const meant = await chats.save({ chatId: 'c', messages, expected: saved.id })
    expect(meant.branch).toBe('main')
    expect((await chats.load('c'))[1]!.metadata).toEqual({ rating: 'up', tokens: 1 })
  })

  test('that a tab adds arrives beside what the server added', async () => {
    const { chats } = setting()
    await chats.save({
      chatId: 'c',
      messages: [question, assistant('a1', 'Hi.', { metadata: { tokens: 1 } })],
    })
    const messages = [question, rated('up'), user('u2', 'Thanks')]
    await chats.save({ chatId: 'c', messages, trigger: 'submit-message' })
    expect((await chats.load('c'))[1]!.metadata).toEqual({ tokens: 1, rating: 'up' })
  })
})

test('an answer that is finished when the chat has gone on already grows in its place', async () => {
  const { chats } = setting()
  const cut = assistant('a1', 'One, ')
  ;(cut.parts[1] as { state: string }).state = 'streaming'
  await chats.save({ chatId: 'c', messages: [question, cut, user('u2', 'And?')], trigger: 'submit-message' })
  await chats.save({ chatId: 'c', messages: [question, assistant('a1', 'One, two.')], branch: 'main' })
  expect(await chats.load('c')).toEqual([question, assistant('a1', 'One, two.'), user('u2', 'And?')])
  const report = await chats.store.verify('c')
  expect(report.problems).toEqual([])
})

describe('a message that was deleted in the tab', () => {
  const next = user('n', 'Go on')
  const all = turns(3)
  const [u1, a1, u2, a2, u3, a3] = all as [UIMessage, UIMessage, UIMessage, UIMessage, UIMessage, UIMessage]

  test.each<[string, UIMessage[]]>([
    ['a question', [u1, a1, a2, u3, a3, next]],
    ['a turn', [u1, a1, u3, a3, next]],
    ['the beginning', [u3, a3, next]],
    ['the last answer', [u1, a1, u2, a2, u3, next]],
    ['an answer and the last one', [u1, u2, a2, u3, next]],
    ['one, without asking on', [u1, a1, u3, a3]],
  ])('leaves the stored line as a branch: %s', async (_, messages) => {
    const { chats } = setting()
    for (const count of [2, 4, 6]) await chats.save({ chatId: 'c', messages: all.slice(0, count) })
    const made = await chats.save({ chatId: 'c', messages, trigger: 'submit-message' })
    expect(made.branch).toBe('branch-1')
    expect(await chats.load('c')).toEqual(messages)
    expect(await chats.load('c', { branch: 'main' })).toEqual(all)
    await chats.save({ chatId: 'c', messages: [...messages, assistant('b', 'B')], branch: made.branch })
    await chats.save({ chatId: 'c', messages: [...messages, assistant('b', 'B'), user('m', 'More')] })
    expect(await chats.branches('c')).toHaveLength(2)
    expect((await chats.store.verify('c')).problems).toEqual([])
  })

  test('takes nothing of a later answer away that the tab has not read', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: all })
    const cut = assistant('a2', 'Ans')
    await chats.save({ chatId: 'c', messages: [u2, cut, u3, a3, next], trigger: 'submit-message' })
    expect(await chats.load('c')).toEqual([u2, a2, u3, a3, next])
  })

  test('is no reason to refuse another try or an edit', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: all })
    const again = {
      chatId: 'c',
      messages: [u1, a1, u3],
      trigger: 'regenerate-message',
      messageId: 'a3',
    } as const
    expect((await chats.save({ ...again, branch: 'main' })).branch).toBe('regenerate-1')
    const messages = [u1, a1, user('u3', 'Edited?')]
    const edit = {
      chatId: 'c',
      messages,
      trigger: 'submit-message',
      messageId: 'u3',
      branch: 'main',
    } as const
    expect((await chats.save(edit)).branch).toBe('edit-1')
    expect(await chats.load('c')).toEqual(messages)
  })

  test('at the end looks as a stale tab does: the tab has to say so', async () => {
    const { chats } = setting()
    await chats.save({ chatId: 'c', messages: all })
    const save = { chatId: 'c', messages: [u1, a1, u2, a2, next], trigger: 'submit-message' } as const
    await expect(chats.save(save)).rejects.toBeInstanceOf(ConflictError)
    expect((await chats.save({ ...save, expected: 'any' })).branch).toBe('branch-1')
    expect(idsOf(await chats.load('c'))).toBe('u1 a1 u2 a2 n')
  })
})
