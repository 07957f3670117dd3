/** A session that is pruned, restored or archived is in its place, in the trash or in an archive, whole, on every disk that a stop may leave. */
import { expect, test } from 'vitest'
import type { Repository } from '../../src/git/repository.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { expectAllOrNothing } from './support/every-stop.ts'
import { emptySession, message } from './support/git-store.ts'

const PLACES = [
  'refs/heads/demo/',
  'refs/tags/demo/',
  'refs/forkpoint/trash/',
  'refs/forkpoint/active/',
  'refs/forkpoint/archive/',
] as const

const refsOf = ({ refs }: Repository): Record<string, string> =>
  Object.fromEntries(PLACES.flatMap((at) => [...refs.list(at)]))

const MOVES = {
  prune: (store: GitSessionStore) => store.retention.prune({ rules: [{ type: 'session', maxCount: 1 }] }),
  restore: (store: GitSessionStore) => store.restore('demo'),
  'maintain with purge': (store: GitSessionStore) => store.maintain({ purge: true }),
  archive: (store: GitSessionStore) => store.archive({ sessions: ['demo'] }),
  'archive beside few others': (store: GitSessionStore) => store.archive({ sessions: ['demo'] }),
  unarchive: (store: GitSessionStore) => store.unarchive('demo'),
  'a save to what is archived': (store: GitSessionStore) =>
    store.append('demo', { messages: [message('m1', 'two')] }),
  'a deletion of what is archived': (store: GitSessionStore) => store.delete('demo'),
}

const discarded = (store: GitSessionStore) => store.retention.discard('demo')
const archived = async (store: GitSessionStore) => {
  await store.save(emptySession('cold'))
  await store.archive({ sessions: ['demo', 'cold'] })
}
const BEFORE: Record<string, (store: GitSessionStore) => Promise<unknown>> = {
  restore: discarded,
  'maintain with purge': discarded,
  'archive beside few others': async (store) => {
    await archived(store)
    await store.unarchive('demo')
  },
  unarchive: archived,
  'a save to what is archived': archived,
  'a deletion of what is archived': archived,
}

test.each(Object.entries(MOVES))('before or after, wherever %s stops', { timeout: 300_000 }, (name, change) =>
  expectAllOrNothing({
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
      if (BEFORE[name] === archived) expect(await store.exists('cold'), what).toBe(true)
    },
  }),
)
