/** A store that remembers how items were encoded writes what a new store writes. */
import { expect, test } from 'vitest'
import { gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

/** Numbers in [0, 1) that are the same for the same seed. */
const numbers = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return seed / 2 ** 31
}

test('states that are edited in place, over several folders, branches and sessions', {
  timeout: 120_000,
}, async () => {
  const random = numbers(7)
  const below = (end: number) => Math.floor(random() * end)
  const folder = tempFolder()
  const store = storeAt(folder, { pages: false })
  const states = ['a', 'b'].map((id) => ({ ...emptySession(id), messages: [message('m', 'first')] }))
  let made = 0
  const fresh = () => ({
    ...message(`m${made++}`, random() < 0.1 ? 'long '.repeat(20_000) : `text ${made}`),
    parts: [] as object[],
  })
  for (const state of states) for (let n = 0; n < 240; n++) state.messages.push(fresh())
  for (let save = 0; save < 30; save++) {
    const state = states[below(2)]!
    const { messages } = state
    for (let edit = below(4); edit >= 0; edit--) {
      const at = below(messages.length)
      const what = below(7)
      if (what === 0) messages[at] = fresh()
      else if (what === 1) messages[at]!.content = `changed ${save}`
      else if (what === 2) Object.assign(messages[at]!, { parts: [{ type: 'text', save }] })
      else if (what === 3) messages.splice(at, 1)
      else if (what === 4) messages.splice(at, 0, fresh())
      else if (what === 5) messages.push(fresh(), fresh())
      else messages[at] = structuredClone(messages[at]!)
    }
    const branch = random() < 0.3 ? 'other' : 'main'
    await store.save(state, { branch, expected: 'any' })
    const plain = tempFolder()
    await storeAt(plain, { pages: false }).save(structuredClone(state))
    const [tree] = [gitText(folder, ['rev-parse', `${state.id}/${branch}^{tree}`])]
    expect(tree).toBe(gitText(plain, ['rev-parse', `${state.id}/main^{tree}`]))
  }
})
