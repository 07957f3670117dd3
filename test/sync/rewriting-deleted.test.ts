/** Work on checkpoints that were rewritten on another machine, and then deleted there: their replacement never arrives. */
import { expect, test } from 'vitest'
import { redactTexts } from '../../src/redaction/index.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText } from '../git/real-git.ts'
import { begin, expectClean, folderServer, machine, refsAt, say, tips } from './support/machines.ts'

const SECRET = 'correct horse battery'
const redact = redactTexts([SECRET])

/** No ref of a session leads to it; the trash may. */
function expectGone(folder: string): void {
  const sessions = ['--branches', '--tags', '--glob=refs/forkpoint/archive/*']
  expect(gitText(folder, ['log', ...sessions, '--format=%H %D', `-S${SECRET}`])).toBe('')
}

/** Machines that share a session with the secret. */
async function leaked(url: string, ...writers: string[]): Promise<GitSessionStore[]> {
  const stores = writers.map((writer) => machine(url, writer))
  await begin(stores[0]!)
  await say(stores[0]!, `use ${SECRET}`)
  await stores[0]!.fork('demo', { branch: 'try', at: 'main' })
  for (const store of stores) await store.sync()
  return stores
}

async function rewriteAndDelete(store: GitSessionStore): Promise<void> {
  await store.rewrite('demo', redact)
  await store.delete('demo')
  await store.sync()
}

test('what is the same here is deleted, newer work is kept, and goes on from what is here', async () => {
  const server = await folderServer()
  const [one, two] = (await leaked(server.url, 'one', 'two')) as [GitSessionStore, GitSessionStore]
  await rewriteAndDelete(one)
  const newer = await say(two, 'newer work')
  const { fetch, push } = await two.sync()
  expect(fetch).toMatchObject({ deleted: ['heads/demo/try'], outdated: ['heads/demo/main'] })
  expect(push).toMatchObject({ pushed: [], refused: [{ session: 'demo' }] })
  expect(await tips(two)).toEqual({ main: newer })

  expect(await two.continueRewrite('demo', redact)).toMatchObject({ outdated: [] })
  expectGone(two.folder)
  expect((await two.load('demo'))!.messages.at(-1)!.content).toBe('newer work')
  const { kept } = (await two.sync()).fetch
  expect(kept).toEqual(['heads/demo/main'])
  expect(refsAt(server.folder, 'refs/heads/demo/')).toEqual({})

  await two.restore('demo')
  for (const store of [two, one]) expect((await store.sync()).push.refused).toEqual([])
  expect(await tips(one)).toEqual(await tips(two))
  for (const folder of [server.folder, one.folder, two.folder]) {
    expectGone(folder)
    expectClean(folder)
  }
})

test('a plain redaction of something else does not free it', async () => {
  const server = await folderServer()
  const [one, two] = (await leaked(server.url, 'one', 'two')) as [GitSessionStore, GitSessionStore]
  await rewriteAndDelete(one)
  await say(two, 'newer work')
  await two.sync()
  await two.rewrite('demo', redactTexts(['something else']))
  expect((await two.sync()).fetch.outdated).toEqual(['heads/demo/main'])
})

test.each([
  ['which still has the secret', async () => undefined],
  [
    'which was redacted here as well',
    async (store: GitSessionStore) => void (await store.rewrite('demo', redact)),
  ],
])('machines that keep work each, %s, do not outdate that of the others in turn', async (_, before) => {
  const server = await folderServer()
  const [one, ...others] = await leaked(server.url, 'one', 'two', 'three', 'four')
  for (const store of others) {
    await say(store, `work of ${store.folder}`)
    await before(store)
  }
  await rewriteAndDelete(one!)
  for (let round = 0; round < 6; round++)
    for (const store of others)
      if ((await store.sync()).fetch.outdated.length > 0) await store.continueRewrite('demo', redact)
  for (const store of others) {
    expect((await store.sync()).fetch).toMatchObject({ outdated: [], kept: ['heads/demo/main'] })
    expectGone(store.folder)
  }
  for (const store of others) await store.restore('demo')
  for (let round = 0; round < 3; round++) for (const store of others) await store.sync()
  const shared = await tips(others[0]!)
  expect(Object.keys(shared)).toHaveLength(3)
  for (const store of others) {
    expect(await tips(store)).toEqual(shared)
    expectGone(store.folder)
  }
  expectGone(server.folder)
})

test('an archive at the server does not keep what was taken out after the session came back', async () => {
  const server = await folderServer()
  const [one, two] = (await leaked(server.url, 'one', 'two')) as [GitSessionStore, GitSessionStore]
  await one.archive({ sessions: ['demo'] })
  for (const store of [one, two]) await store.sync()
  await two.unarchive('demo')
  await two.rewrite('demo', redact)
  for (const store of [two, one, two]) await store.sync()
  for (const folder of [server.folder, one.folder, two.folder]) expectGone(folder)
  expect(await tips(one)).toEqual(await tips(two))
})
