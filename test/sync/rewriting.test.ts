/** A secret taken out of a session that several machines share. */
import { describe, expect, test } from 'vitest'

import { redactTexts } from '../../src/redaction/index.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { RemoteSessionStore } from '../../src/store/remote/index.ts'
import { RewrittenError } from '../../src/sync/error.ts'
import { git, gitText } from '../git/real-git.ts'
import { everythingIn } from '../store/support/inflated.ts'
import {
  begin,
  expectClean,
  folderServer,
  httpServer,
  machine,
  refsAt,
  say,
  tips,
} from './support/machines.ts'

const SECRET = 'correct horse battery'
const redact = redactTexts([SECRET])

/** No ref leads to it. */
const expectGone = (folder: string, secret = SECRET): void =>
  expect(gitText(folder, ['log', '--all', '--format=%H %D', `-S${secret}`])).toBe('')

/** Nor does anything else hold it. */
function expectNowhere(folder: string, secret = SECRET): void {
  const holding = everythingIn(folder).filter(({ bytes }) => bytes.includes(secret))
  expect(holding.map(({ name }) => name)).toEqual([])
}

/** A session with the secret, on two machines and the server. */
async function leaked(url: string): Promise<{ one: GitSessionStore; two: GitSessionStore; ids: string[] }> {
  const [one, two] = [machine(url, 'one'), machine(url, 'two')]
  const ids = await begin(one)
  ids.push(await say(one, `use ${SECRET}`), await say(one, 'and on'))
  await one.fork('demo', { branch: 'try', at: ids[3]! })
  await one.tag('demo', 'leak', { at: ids[3]! })
  await one.sync()
  await two.sync()
  return { one, two, ids }
}

describe.each([
  ['in a folder', folderServer],
  ['over HTTP', httpServer],
])('a server %s', (_, start) => {
  test('takes a rewrite, and so does every other machine', async () => {
    const server = await start()
    const { one, two, ids } = await leaked(server.url)
    await one.rewrite('demo', redact)
    expect((await one.remoteStatus()).sessions).toMatchObject([{ session: 'demo', waiting: true }])
    const { fetch, push } = await one.sync()
    const refs = ['heads/demo/main', 'heads/demo/try', 'tags/demo/leak']
    expect(fetch).toMatchObject({ updated: [], diverged: [], hidden: [], outdated: [] })
    expect(push).toMatchObject({ pushed: refs, deleted: [], refused: [] })
    expectGone(server.folder)
    const now = await tips(one)
    expect(now.main).not.toBe(ids[4])
    expect((await one.remoteStatus()).sessions).toEqual([])

    const report = await two.sync()
    expect(report.fetch).toMatchObject({ rewritten: refs, updated: [], diverged: [], outdated: [] })
    expect(report.push).toMatchObject({ pushed: [], refused: [] })
    expect(await tips(two)).toEqual(now)
    expect(await two.resolve('demo', ids[3]!)).toBe(now.try)
    expectGone(two.folder)
    await two.maintain({ purge: true })
    expectNowhere(two.folder)
    expect((await two.remoteStatus()).sessions).toEqual([])
    // They go on as before.
    const next = await say(two, 'next')
    for (const store of [two, one]) await store.sync()
    expect((await tips(one)).main).toBe(next)
    const fresh = machine(server.url, 'fresh')
    await fresh.sync()
    expect(await tips(fresh)).toEqual(await tips(one))
    for (const store of [one, two, fresh]) expectClean(store.folder)
    expectNowhere(fresh.folder)
    expectClean(server.folder)
  })

  test.each([
    ['nobody may replace', true, false],
    ['nobody may delete', false, true],
  ])('takes a rewrite where %s', async (_, deniesReplacing, deniesDeletes) => {
    const server = await start()
    const { one, two } = await leaked(server.url)
    git(server.folder, ['config', 'receive.denyNonFastForwards', String(deniesReplacing)])
    git(server.folder, ['config', 'receive.denyDeletes', String(deniesDeletes)])
    await one.rewrite('demo', redact)
    expect((await one.sync()).push).toMatchObject({ deleted: [], refused: [], hidden: [] })
    expectGone(server.folder)
    await two.sync()
    expect(await tips(two)).toEqual(await tips(one))
  })

  test('a server where nobody may do either is told, and the others do not push the old history on', async () => {
    const server = await start()
    const { one, two } = await leaked(server.url)
    for (const name of ['receive.denyNonFastForwards', 'receive.denyDeletes'])
      git(server.folder, ['config', name, 'true'])
    await one.rewrite('demo', redact)
    const { refused } = (await one.sync()).push
    expect(refused).toMatchObject([
      { session: 'demo', reason: expect.stringContaining('lets nobody replace') },
    ])
    expect(Object.keys(refsAt(server.folder, 'refs/forkpoint/rewritten/'))).toHaveLength(1)
    await say(two, 'more')
    expect((await two.sync()).push).toMatchObject({ pushed: [], refused: [{ session: 'demo' }] })
    const fresh = machine(server.url, 'fresh')
    await fresh.fetch()
    expect(await fresh.exists('demo')).toBe(false)
    expectNowhere(fresh.folder)
    git(server.folder, ['config', 'receive.denyDeletes', 'false'])
    expect((await one.sync()).push.refused).toEqual([])
    expectGone(server.folder)
    await fresh.fetch()
    expect(await tips(fresh)).toEqual(await tips(one))
  })
})

test('an old id leads to the new checkpoint in a store without a disk as well', async () => {
  const server = await httpServer()
  const { one, ids } = await leaked(server.url)
  const cloud = new RemoteSessionStore(server.url)
  expect(await cloud.resolve('demo', ids[3]!)).toBe(ids[3])
  await one.rewrite('demo', redact)
  await one.sync()
  const fresh = new RemoteSessionStore(server.url)
  for (const store of [cloud, fresh]) {
    expect(await store.resolve('demo', ids[4]!)).toBe((await tips(one)).main)
    expect(await store.resolve('demo', ids[3]!)).toBe((await tips(one)).try)
    await store.close()
  }
})

test('newer work of another machine waits, is not pushed, and then goes on from the new history', async () => {
  const server = await folderServer()
  const { one, two } = await leaked(server.url)
  await one.rewrite('demo', redact)
  await one.sync()
  const newer = await say(two, `more, with ${SECRET}`)
  const { fetch, push } = await two.sync()
  expect(fetch).toMatchObject({
    outdated: ['heads/demo/main'],
    rewritten: ['heads/demo/try', 'tags/demo/leak'],
  })
  expect(push).toMatchObject({ pushed: [], refused: [{ session: 'demo' }] })
  expect(push.refused[0]!.error).toBeInstanceOf(RewrittenError)
  expect(push.refused[0]!.reason).toContain('forkpoint redact demo --continue')
  expect((await tips(two)).main).toBe(newer)
  expect((await two.remoteStatus()).sessions).toMatchObject([{ outdated: ['heads/demo/main'] }])
  expectGone(server.folder)

  const dry = await two.continueRewrite('demo', redact, { dryRun: true })
  expect(dry.rewritten).toBeGreaterThan(0)
  expect((await tips(two)).main).toBe(newer)
  const done = await two.continueRewrite('demo', redact)
  expect(done).toMatchObject({ outdated: [], remaining: [] })
  expectNowhere(two.folder)
  const now = (await tips(two)).main
  expect(await two.resolve('demo', 'main^')).toBe((await tips(one)).main)
  expect(await two.resolve('demo', newer)).toBe(now)
  for (const store of [two, one]) await store.sync()
  expect(await tips(one)).toEqual(await tips(two))
  expect((await one.load('demo'))!.messages.at(-1)!.content).toMatch(/^more, with \[redacted/)
  expectGone(server.folder)
})

test('work that the server got meanwhile is not lost: the rewrite waits until it was made once more', async () => {
  const server = await folderServer()
  const { one, two } = await leaked(server.url)
  await one.rewrite('demo', redact)
  const newer = await say(two, 'newer')
  await two.sync()
  const { fetch, push } = await one.sync()
  expect(fetch.hidden).toContain('heads/demo/main')
  expect(push.refused).toMatchObject([{ session: 'demo' }])
  expect(refsAt(server.folder, 'refs/heads/demo/main')).toEqual({ 'refs/heads/demo/main': newer })
  expectGone(one.folder)
  expect(await one.continueRewrite('demo', redact)).toMatchObject({ outdated: [] })
  expect((await one.load('demo'))!.messages.at(-1)!.content).toBe('newer')
  expect((await one.sync()).push.refused).toEqual([])
  expectGone(server.folder)
  await two.sync()
  expect(await tips(two)).toEqual(await tips(one))
  expectGone(two.folder)
})

test('a fork on another machine, and a session in the trash, do not bring it back', async () => {
  const server = await folderServer()
  const { one, two, ids } = await leaked(server.url)
  await two.fork('demo', { session: 'fork', at: ids[4]! })
  await one.rewrite('demo', redact)
  await one.sync()
  // Only the fork is pushed: the rewrite is not known here yet.
  const { refused, pushed } = await two.push({ only: ['fork'] })
  expect(pushed).toEqual([])
  expect(refused).toMatchObject([{ session: 'fork' }])
  expectGone(server.folder)
  await two.fetch()
  await two.continueRewrite('fork', redact)
  for (const store of [two, one]) expect((await store.sync()).push.refused).toEqual([])
  expect((await one.load('fork'))!.parent).toMatchObject({ checkpoint: (await tips(one)).main })
  expectGone(server.folder)
  expectNowhere(two.folder)
})

test('two machines that rewrite at the same time take out what either did', async () => {
  const server = await folderServer()
  const { one, two } = await leaked(server.url)
  const [first, second] = [redactTexts(['correct horse']), redactTexts(['battery'])]
  await one.rewrite('demo', first)
  await two.rewrite('demo', second)
  await one.sync()
  const { fetch, push } = await two.sync()
  expect(fetch.outdated).toEqual(['heads/demo/main', 'heads/demo/try', 'tags/demo/leak'])
  expect(push.refused).toMatchObject([{ session: 'demo' }])
  expectGone(two.folder, 'battery')
  await two.continueRewrite('demo', second)
  for (const store of [two, one, two]) expect((await store.sync()).push.refused).toEqual([])
  expect(await tips(one)).toEqual(await tips(two))
  for (const folder of [server.folder, one.folder, two.folder])
    for (const text of ['correct horse', 'battery']) expectGone(folder, text)
})

test('a machine that was away for a year takes what was rewritten, deleted and begun again meanwhile', async () => {
  const server = await folderServer()
  const { one, two } = await leaked(server.url)
  for (const id of ['gone', 'again']) {
    await begin(one, id)
    await say(one, `use ${SECRET}`, id)
  }
  await one.sync()
  await two.sync()
  await one.rewrite('demo', redact, { scope: 'all' })
  await one.sync()
  for (const id of ['gone', 'again']) await one.delete(id)
  await begin(one, 'again')
  await one.sync()
  await say(one, `once more ${SECRET}`)
  await one.rewrite('demo', redact)
  await one.sync()
  const { fetch, push } = await two.sync()
  expect(fetch.outdated).toEqual([])
  expect(push.refused).toEqual([])
  for (const id of ['demo', 'gone', 'again']) expect(await tips(two, id)).toEqual(await tips(one, id))
  expect(await two.exists('gone')).toBe(false)
  for (const folder of [one.folder, two.folder, server.folder]) expectGone(folder)
  await two.maintain({ purge: true })
  expectNowhere(two.folder)
})
