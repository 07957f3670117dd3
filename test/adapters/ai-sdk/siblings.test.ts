/** What a "2 of 3" switcher shows and does. */
import { describe, expect, test } from 'vitest'
import { assistant, setting, turns, user } from './context.ts'

describe('siblings', () => {
  test('of an answer are the other tries, oldest first, and lead to their branches', async () => {
    let time = Date.UTC(2026, 0, 1)
    const { chats } = setting({
      now: () => {
        time += 1000
        return time
      },
    })
    for (const count of [1, 2]) await chats.save({ chatId: 'c', messages: turns(count) })
    for (const id of ['b2', 'c2']) {
      const messages = [...turns(2).slice(0, 3), assistant(id, `Answer ${id}`)]
      const { messages: shown } = (await chats.read('c'))!
      await chats.save({ chatId: 'c', messages, trigger: 'regenerate-message', messageId: shown.at(-1)!.id })
    }
    expect(await chats.siblings('c', 'c2')).toEqual({
      index: 2,
      messages: [
        { branch: 'main', message: assistant('a2', 'Answer 2.') },
        { branch: 'regenerate-1', message: assistant('b2', 'Answer b2') },
        { branch: 'regenerate-2', message: assistant('c2', 'Answer c2') },
      ],
    })
    // Going on with an old one does not change the order.
    await chats.select('c', 'main')
    await chats.save({ chatId: 'c', messages: turns(3), trigger: 'submit-message' })
    const { index, messages } = await chats.siblings('c', 'a2')
    expect([index, messages.map(({ branch }) => branch)]).toEqual([
      0,
      ['main', 'regenerate-1', 'regenerate-2'],
    ])
    expect(await chats.siblings('c', 'a3')).toEqual({
      index: 0,
      messages: [{ branch: 'main', message: assistant('a3', 'Answer 3.') }],
    })
    expect([...(await chats.allSiblings('c')).keys()]).toEqual(['a2'])
    expect([...(await chats.allSiblings('c', { branch: 'regenerate-1' })).keys()]).toEqual(['b2'])
  })

  test('of an edited question are told apart by what they say: they have one id', async () => {
    const { chats } = setting()
    for (const count of [1, 2]) await chats.save({ chatId: 'c', messages: turns(count) })
    const messages = [...turns(1), user('u2', 'Edited?'), assistant('b2', 'B')]
    await chats.save({ chatId: 'c', messages, trigger: 'submit-message', messageId: 'u2' })
    expect(await chats.siblings('c', 'u2')).toEqual({
      index: 1,
      messages: [
        { branch: 'main', message: user('u2', 'Question 2?') },
        { branch: 'edit-1', message: user('u2', 'Edited?') },
      ],
    })
    // What follows on another question is no sibling.
    expect((await chats.siblings('c', 'b2')).messages).toHaveLength(1)
  })

  test('that lead to several branches lead to the one that was used last', async () => {
    let time = Date.UTC(2026, 0, 1)
    const { chats } = setting({
      now: () => {
        time += 1000
        return time
      },
    })
    for (const count of [1, 2, 3]) await chats.save({ chatId: 'c', messages: turns(count) })
    const other = [turns(1)[0]!, assistant('b1', 'B')]
    await chats.save({ chatId: 'c', messages: other, trigger: 'regenerate-message', messageId: 'a1' })
    await chats.select('c', 'main')
    const third = [...turns(3).slice(0, 5), assistant('b3', 'B3')]
    await chats.save({ chatId: 'c', messages: third, trigger: 'regenerate-message', messageId: 'a3' })
    await chats.select('c', 'regenerate-1')
    const before = await chats.siblings('c', 'b1')
    expect(before.messages.map(({ branch }) => branch)).toEqual(['regenerate-2', 'regenerate-1'])
    await chats.select('c', 'main')
    await chats.save({ chatId: 'c', messages: turns(4) })
    await chats.select('c', 'regenerate-1')
    const after = await chats.siblings('c', 'b1')
    expect(after.messages.map(({ branch }) => branch)).toEqual(['main', 'regenerate-1'])
    const switchers = await chats.allSiblings('c', { branch: 'main' })
    expect([...switchers].map(([id, { index, messages }]) => [id, index, messages.length])).toEqual([
      ['a1', 0, 2],
      ['a3', 0, 2],
    ])
  })

  test('are found in a chat of hundreds of turns, and the branch of one starts at its own turn', async () => {
    const { chats } = setting()
    for (let count = 1; count <= 260; count++) await chats.save({ chatId: 'c', messages: turns(count) })
    const messages = [...turns(150).slice(0, 299), assistant('b150', 'B')]
    const made = await chats.save({ chatId: 'c', messages, trigger: 'regenerate-message', messageId: 'a150' })
    expect(made).toMatchObject({ seq: 150, parents: [await chats.store.resolve('c', 'main~111')] })
    const { index, messages: found } = await chats.siblings('c', 'b150')
    expect([index, found.map(({ branch }) => branch)]).toEqual([1, ['main', 'regenerate-1']])
    expect([...(await chats.allSiblings('c', { branch: 'main' })).keys()]).toEqual(['a150'])
  })
})
