/** Several checkpoints in one write: the same commits as one after the other, durable together, in one pack. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConflictError, InvalidStateError } from '../../src/errors.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const NOW = Date.UTC(2026, 0, 2)
const texts = ['one', 'two', 'three', 'four', 'five']
const AT = '2026-01-01T00:00:00.000Z'
const turns = texts.map((text, n) => ({
  addition: {
    messages: [message(`u${n}`, text), message(`a${n}`, text.repeat(50))],
    runs: [
      {
        id: `r${n}`,
        status: 'completed',
        prompt: text,
        startedAt: AT,
        events: [{ sequence: 1, type: 'x', at: AT }],
      },
    ],
    set: { title: text },
  },
  options: { key: `k${n}`, ...(n % 2 === 0 ? { kind: 'step' as const } : {}) },
}))

const tipsOf = (folder: string) => gitText(folder, ['for-each-ref', '--format=%(refname) %(objectname)'])

test('the commits are those that appends one after the other make, steps of a turn included', async () => {
  const [together, apart] = [tempFolder(), tempFolder()]
  const one = storeAt(together, { now: () => NOW })
  const other = storeAt(apart, { now: () => NOW })
  const start = await one.save(emptySession('s'))
  await other.save(emptySession('s'))
  const made = await one.appendAll('s', turns, { expected: start.id })
  const each = []
  for (const { addition, options } of turns) each.push(await other.append('s', addition, options))
  expect(made).toEqual(each)
  expect(tipsOf(together)).toBe(tipsOf(apart))
  expect(gitText(together, ['fsck', '--strict'])).toBe('')
  expect((await one.verify()).problems).toEqual([])
  // The next append goes on from what was made together.
  const next = { messages: [message('u9', 'more')] }
  expect((await one.append('s', next)).id).toBe((await other.append('s', next)).id)
})

test('one write makes one pack, whatever the number of checkpoints', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  await store.save(emptySession('s'))
  const packs = () =>
    readdirSync(join(folder, 'objects/pack')).filter((name) => name.endsWith('.pack')).length
  const before = packs()
  await store.appendAll('s', turns)
  expect(packs()).toBe(before + 1)
})

test('if one of them is refused, none is stored, and the store goes on', async () => {
  const folder = tempFolder()
  const store = storeAt(folder, { now: () => NOW })
  const { id } = await store.save(emptySession('s'))
  await store.append('s', turns[0]!.addition)
  const bad = [...turns.slice(1, 3), { addition: { runs: [{ id: 'odd', events: [{ sequence: 7 }] }] } }]
  const before = tipsOf(folder)
  await expect(store.appendAll('s', bad)).rejects.toThrow(InvalidStateError)
  await expect(store.appendAll('s', turns.slice(1), { expected: id })).rejects.toThrow(ConflictError)
  expect(tipsOf(folder)).toBe(before)
  expect((await store.appendAll('s', turns.slice(1))).length).toBe(4)
  expect((await store.load('s'))!.messages.length).toBe(10)
  expect(gitText(folder, ['fsck', '--strict'])).toBe('')
})

test('keys that have made a checkpoint already make no other', async () => {
  const store = storeAt(tempFolder(), { now: () => NOW })
  const { id } = await store.save(emptySession('s'))
  const first = await store.appendAll('s', turns.slice(0, 3), { expected: id })
  const all = await store.appendAll('s', turns, { expected: id })
  expect(all.slice(0, 3)).toEqual(first)
  expect(all.map(({ key }) => key)).toEqual(['k0', 'k1', 'k2', 'k3', 'k4'])
  expect(await store.appendAll('s', turns, { expected: id })).toEqual(all)
})

test('values are redacted as one after the other', async () => {
  const redact = (value: unknown) => (value === 'two' ? 'x' : value)
  const store = storeAt(tempFolder(), { redact })
  await store.save(emptySession('s'))
  const made = await store.appendAll('s', turns)
  expect(made.length).toBe(5)
  const state = (await store.load('s'))!
  expect(state.messages.map(({ content }) => content).filter((text) => text === 'two')).toEqual([])
})
