/** A thinning that is stopped, or finds no room, leaves the old history or the new one, on every disk that may be left. */
import { expect, test } from 'vitest'
import type { Repository } from '../../src/git/repository.ts'
import { expectAllOrNothing, expectAllOrNothingWhenFull, type StoppedChange } from './support/every-stop.ts'
import { emptySession, message } from './support/git-store.ts'

/** What the session's refs name, and whether there is a map. */
const historyOf = ({ refs }: Repository) => ({
  ...Object.fromEntries([...refs.list('refs/heads/demo/'), ...refs.list('refs/heads/fork/')]),
  map: refs.read('refs/forkpoint/rewritten/demo') !== undefined,
})

const THINNING: StoppedChange<unknown> = {
  prepare: async (store) => {
    await store.save(emptySession('demo'))
    for (const text of ['one', 'two', 'three', 'four'])
      await store.append('demo', { messages: [message(text, text)] })
    await store.fork('demo', { at: 'main', session: 'fork' })
    await store.append('demo', { messages: [message('five', 'five')] })
  },
  change: (store) => store.thin('demo', { keepLast: 1 }),
  look: historyOf,
  check: async (store, isThinned, what) => {
    expect((await store.load('demo'))!.messages.length, what).toBe(5)
    expect((await store.load('fork'))!.messages.length, what).toBe(4)
    const ids: string[] = []
    for await (const { id } of store.log('demo')) ids.push(id)
    expect(ids.length, what).toBe(isThinned ? 3 : 6)
  },
}

test('old or new, never a mixture, wherever it stops', { timeout: 300_000 }, () =>
  expectAllOrNothing(THINNING),
)

test('old or new, never a mixture, wherever the disk is full', { timeout: 300_000 }, () =>
  expectAllOrNothingWhenFull(THINNING),
)
