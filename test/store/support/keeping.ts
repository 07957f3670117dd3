/** Changes of what a store keeps, each with what it starts from and what must hold wherever it stops. */
import { expect } from 'vitest'
import { checkpointsOf } from '../../../src/checkpoints/of-store.ts'
import { tombstoneOf } from '../../../src/checkpoints/tombstones/folded.ts'
import type { Repository } from '../../../src/git/repository.ts'
import type { SessionId } from '../../../src/ids.ts'
import type { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { foldTombstones } from '../../../src/sync/tombstones/fold.ts'
import type { StoppedChange } from './every-stop.ts'
import { emptySession, message } from './git-store.ts'

const PLACES = [
  'refs/heads/demo/',
  'refs/tags/demo/',
  'refs/forkpoint/trash/',
  'refs/forkpoint/active/',
  'refs/forkpoint/archive/',
  'refs/forkpoint/gone/',
] as const

const refsOf = ({ refs }: Repository): Record<string, string> =>
  Object.fromEntries(PLACES.flatMap((at) => [...refs.list(at)]))

type Change = (store: GitSessionStore) => Promise<unknown>

const MOVES: Record<string, Change> = {
  prune: (store: GitSessionStore) => store.retention.prune({ rules: [{ type: 'session', maxCount: 1 }] }),
  restore: (store: GitSessionStore) => store.restore('demo'),
  'maintain with purge': (store: GitSessionStore) => store.maintain({ purge: true }),
  archive: (store: GitSessionStore) => store.archive({ sessions: ['demo'] }),
  'archive beside few others': (store: GitSessionStore) => store.archive({ sessions: ['demo'] }),
  unarchive: (store: GitSessionStore) => store.unarchive('demo'),
  'a save to what is archived': (store: GitSessionStore) =>
    store.append('demo', { messages: [message('m1', 'two')] }),
  'a deletion of what is archived': (store: GitSessionStore) => store.delete('demo'),
  fold: (store: GitSessionStore) => fold(store),
  'fold onto earlier ones': (store: GitSessionStore) => fold(store),
  'a deletion of what was deleted before': (store: GitSessionStore) => store.delete('gone 1'),
  'restore of a bundle': (store: GitSessionStore) => store.unbundle(BUNDLE),
}

const BUNDLE = '/data/backup.bundle'

const discarded = (store: GitSessionStore) => store.retention.discard('demo')
const archived = async (store: GitSessionStore) => {
  await store.save(emptySession('cold'))
  await store.archive({ sessions: ['demo', 'cold'] })
}
const fold = (store: GitSessionStore) => foldTombstones(checkpointsOf(store), { above: 0, keep: 0 })
/** Deletes two sessions of a store that has seen a remote. */
const deleteTwo = async (store: GitSessionStore) => {
  const { repository } = checkpointsOf(store).history
  const seen = 'refs/forkpoint/remote/origin/heads/other/main'
  const id = repository.refs.read('refs/heads/other/main')!
  await repository.change({
    refs: [seen],
    prepare: () => ({ objects: [], moves: new Map([[seen, id]]), result: undefined }),
  })
  for (const id of ['gone 1', 'gone 2']) {
    await store.save(emptySession(id))
    await store.delete(id)
  }
}
const BEFORE: Record<string, Change> = {
  restore: discarded,
  'maintain with purge': discarded,
  'archive beside few others': async (store) => {
    await archived(store)
    await store.unarchive('demo')
  },
  unarchive: archived,
  'a save to what is archived': archived,
  'a deletion of what is archived': archived,
  fold: (store) => deleteTwo(store),
  'fold onto earlier ones': async (store) => {
    await deleteTwo(store)
    await fold(store)
    await deleteTwo(store)
  },
  'a deletion of what was deleted before': async (store) => {
    await deleteTwo(store)
    await fold(store)
    await store.save(emptySession('gone 1'))
  },
  'restore of a bundle': async (store) => {
    await store.bundle(BUNDLE)
    await store.delete('demo')
  },
}

const changeOf = (name: string, change: Change): StoppedChange<Record<string, string>> => ({
  prepare: async (store) => {
    await store.save(emptySession('demo'))
    await store.append('demo', { messages: [message('m0', 'one')] })
    await store.fork('demo', { at: 'main~1', branch: 'try' })
    await store.switch('demo', 'try')
    // The newest session, which the policy keeps.
    await store.append('other', { messages: [message('m0', 'one')] })
    await BEFORE[name]?.(store)
  },
  change,
  look: refsOf,
  check: async (store, _, what) => {
    if ((await store.retention.discarded()).length > 0) await store.restore('demo')
    if (await store.exists('demo')) {
      expect((await store.load('demo', { at: 'main' }))!.messages.length, what).toBe(1)
      expect((await store.verify('demo')).problems, what).toEqual([])
    }
    if (name.includes('fold'))
      for (const id of ['gone 1', 'gone 2'])
        expect(await tombstoneOf(checkpointsOf(store).history, id as SessionId), what).toBeDefined()
    if (BEFORE[name] === archived) expect(await store.exists('cold'), what).toBe(true)
  },
})

/** The changes by name. */
export const KEEPING = Object.entries(MOVES).map(([name, change]) => [name, changeOf(name, change)] as const)
