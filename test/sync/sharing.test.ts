/** Sessions shared by machines over one server. */
import { describe, expect, test } from 'vitest'
import { redactTexts } from '../../src/redaction/index.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession } from '../store/support/git-store.ts'
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

describe.each([
  ['in a folder', folderServer],
  ['over HTTP', httpServer],
])('a server %s', (_, start) => {
  describe('turns that two machines take', () => {
    test('go from one to the other, alternately', async () => {
      const server = await start()
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
      await begin(one)
      await one.tag('demo', 'start')
      const { pushed } = await one.push()
      expect(pushed).toEqual(['heads/demo/main', 'tags/demo/start'])
      expect((await two.fetch()).updated).toEqual(['heads/demo/main', 'tags/demo/start'])
      expect(await two.load('demo')).toEqual(await one.load('demo'))
      for (let n = 0; n < 4; n++) {
        const [from, to] = n % 2 === 0 ? [two, one] : [one, two]
        const id = await say(from, `turn ${n}`)
        await from.sync()
        await to.sync()
        expect(await tips(to)).toEqual({ main: id })
      }
      expect((await one.remoteStatus()).sessions).toEqual([])
      expect((await two.remoteStatus()).same).toBe(1)
      expectClean(server.folder)
      expectClean(one.folder)
    })

    test('at the same time become two branches, on both', async () => {
      const server = await start()
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
      await begin(one)
      await one.sync()
      await two.sync()
      const [ours, theirs] = [await say(two, 'ours'), await say(one, 'theirs')]
      await one.sync()
      const status = await two.remoteStatus()
      expect(status.sessions).toMatchObject([{ session: 'demo', diverged: ['heads/demo/main'] }])
      const { fetch } = await two.sync()
      const aside = `main--two-${ours.slice(0, 8)}`
      expect(fetch.diverged).toEqual([{ from: 'heads/demo/main', to: `heads/demo/${aside}` }])
      expect(await tips(two)).toEqual({ main: theirs, [aside]: ours })
      expect((await two.branches('demo')).find(({ active }) => active)?.name).toBe(aside)
      await one.sync()
      expect(await tips(one)).toEqual(await tips(two))
      expect((await one.branches('demo')).find(({ active }) => active)?.name).toBe('main')
    })

    test('a push from a machine that has not fetched is left out, and nothing is forced', async () => {
      const server = await start()
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
      await begin(one)
      await one.sync()
      await two.sync()
      const theirs = await say(one, 'theirs')
      await one.push()
      await say(two, 'ours')
      const report = await two.push()
      expect(report).toMatchObject({ pushed: [], behind: ['heads/demo/main'], refused: [] })
      expect(refsAt(server.folder, 'refs/heads/demo/')).toEqual({ 'refs/heads/demo/main': theirs })
    })
  })

  describe('what is deleted', () => {
    test('is deleted everywhere, and stays so', async () => {
      const server = await start()
      const [one, two, three] = [
        machine(server.url, 'one'),
        machine(server.url, 'two'),
        machine(server.url, 'three'),
      ]
      await begin(one)
      await one.sync()
      await two.sync()
      await three.sync()
      await one.delete('demo')
      expect((await one.remoteStatus()).sessions).toMatchObject([{ session: 'demo', waiting: true }])
      expect((await one.sync()).push.deleted).toEqual(['heads/demo/main'])
      expect(refsAt(server.folder, 'refs/heads/demo/')).toEqual({})
      expect((await two.sync()).fetch.deleted).toEqual(['heads/demo/main'])
      expect(await two.exists('demo')).toBe(false)
      for (const store of [one, two, three]) {
        await store.sync()
        expect(await store.exists('demo')).toBe(false)
        expectClean(store.folder)
      }
      const fresh = machine(server.url, 'fresh')
      await fresh.sync()
      expect(await fresh.exists('demo')).toBe(false)
      expectClean(server.folder)
    })

    test('by a policy goes everywhere, but not newer work that the policy did not know', async () => {
      const server = await start()
      const later = () => Date.now() + 90 * 864e5
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two', { now: later })]
      await begin(one)
      await begin(one, 'old')
      await one.sync()
      await two.sync()
      const newer = await say(one, 'newer')
      await one.sync()
      expect((await two.retention.prune({ rules: [{ maxAge: '60d' }] })).removed).toEqual(['demo', 'old'])
      const { push } = await two.sync()
      expect(push.deleted).toEqual(['heads/old/main'])
      expect(await tips(two)).toEqual({ main: newer })
      await one.sync()
      expect([await tips(one), await one.exists('old')]).toEqual([{ main: newer }, false])
      const newest = await say(one, 'newest')
      expect((await one.sync()).push.pushed).toEqual(['heads/demo/main'])
      await two.sync()
      expect(await tips(two)).toEqual({ main: newest })
      expectClean(server.folder)
    })

    test('is not deleted where there is newer work: it stays, is reported and is not pushed', async () => {
      const server = await start()
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
      await begin(one)
      await one.sync()
      await two.sync()
      await one.delete('demo')
      const newer = await say(two, 'newer')
      await one.sync()
      const report = await two.sync()
      expect(report.fetch.kept).toEqual(['heads/demo/main'])
      expect(report.push).toMatchObject({ pushed: [], kept: ['heads/demo/main'] })
      expect(await tips(two)).toEqual({ main: newer })
      await two.restore('demo')
      await two.sync()
      await one.sync()
      expect(await tips(one)).toEqual({ main: newer })
    })

    test('can be begun again under its name, and then stays', async () => {
      const server = await start()
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
      const at = new Date('2024-01-01')
      await one.save(emptySession('demo'), { at })
      await one.sync()
      await two.sync()
      await one.delete('demo')
      await one.save(emptySession('demo'), { at })
      const again = await tips(one)
      for (const store of [one, two, one, two]) await store.sync()
      expect(await tips(one)).toEqual(again)
      expect(await tips(two)).toEqual(again)
      await say(two, 'more')
      for (const store of [two, one]) await store.sync()
      expect(await tips(one)).toEqual(await tips(two))
    })

    test('takes along what the server had got meanwhile', async () => {
      const server = await start()
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
      await begin(one)
      await one.sync()
      await two.sync()
      await one.delete('demo')
      await say(two, 'more')
      await two.sync()
      await one.sync()
      await two.sync()
      expect(await two.exists('demo')).toBe(false)
      expect(refsAt(server.folder, 'refs/heads/demo/')).toEqual({})
      expect(await two.restore('demo')).toEqual(['heads/demo/main'])
      await two.sync()
      await one.sync()
      expect(await tips(one)).toEqual(await tips(two))
    })

    test('a branch or a tag can be deleted, and made again where it was', async () => {
      const server = await start()
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
      const ids = await begin(one)
      await one.fork('demo', { branch: 'try', at: ids[1]! })
      await one.tag('demo', 'v1')
      await one.sync()
      await two.sync()
      await two.delete('demo', { branch: 'try' })
      await two.delete('demo', { tag: 'v1' })
      await two.sync()
      await one.sync()
      expect(Object.keys(await tips(one))).toEqual(['main'])
      expect(await one.tags('demo')).toEqual([])
      await one.fork('demo', { branch: 'try', at: ids[1]! })
      await one.tag('demo', 'v1', { at: ids[0]! })
      for (const store of [one, two, one, two]) await store.sync()
      expect(await tips(two)).toEqual({ main: ids[2], try: ids[1] })
      expect(await two.tags('demo')).toEqual([{ name: 'v1', checkpoint: ids[0] }])
      expect(refsAt(one.folder, 'refs/forkpoint/gone/')).toEqual(
        refsAt(server.folder, 'refs/forkpoint/gone/'),
      )
    })

    test('a server that lets nobody delete has the tombstone, and readers hide what it names', async () => {
      const server = await start()
      git(server.folder, ['config', 'receive.denyDeletes', 'true'])
      git(server.folder, ['config', 'receive.denyNonFastForwards', 'true'])
      const [one, two] = [machine(server.url, 'one'), machine(server.url, 'two')]
      await begin(one)
      await one.sync()
      await two.sync()
      await one.delete('demo')
      expect((await one.sync()).push).toMatchObject({ deleted: [], hidden: ['heads/demo/main'], refused: [] })
      expect(Object.keys(refsAt(server.folder, 'refs/heads/demo/'))).toEqual(['refs/heads/demo/main'])
      await two.sync()
      expect(await two.exists('demo')).toBe(false)
      const fresh = machine(server.url, 'fresh')
      expect((await fresh.fetch()).hidden).toEqual(['heads/demo/main'])
      expect(await fresh.exists('demo')).toBe(false)
    })

    test('without a remote leaves no tombstone', async () => {
      const store = machine((await start()).url, 'alone', { remote: undefined as never })
      await begin(store)
      await store.delete('demo')
      expect(refsAt(store.folder)).toEqual({})
    })
  })

  describe('a shallow store', () => {
    test('deepens before it pushes to another server, and before it redacts', async () => {
      const [server, other] = [await start(), await folderServer()]
      const one = machine(server.url, 'one')
      const ids = await begin(one, 'demo', 5)
      await one.push()
      const shallow = machine(server.url, 'shallow')
      await shallow.fetch({ depth: 2 })
      expect(gitText(shallow.folder, ['rev-list', '--all']).split('\n')).toHaveLength(2)
      await say(shallow, 'more')
      expect((await shallow.push()).pushed).toEqual(['heads/demo/main'])
      await shallow.addRemote('other', other.url)
      expect((await shallow.push({ remote: 'other' })).pushed).toEqual(['heads/demo/main'])
      expect(gitText(other.folder, ['rev-list', '--all']).split('\n')).toHaveLength(ids.length + 1 + 1)
      for (const folder of [shallow.folder, other.folder, server.folder]) expectClean(folder)

      const again = machine(server.url, 'again')
      await again.fetch({ depth: 1 })
      const { rewritten } = await again.rewrite('demo', redactTexts(['hello']))
      expect(rewritten).toBeGreaterThanOrEqual(0)
      expect(gitText(again.folder, ['rev-list', '--all']).split('\n').length).toBeGreaterThan(ids.length)
    })

    test('says what it lacks where the rest is nowhere, and brings it when it is told to', async () => {
      const [server, other] = [await start(), await folderServer()]
      const one = machine(server.url, 'one')
      const ids = await begin(one, 'demo', 5)
      await one.push()
      const shallow = machine(server.url, 'shallow')
      await shallow.fetch({ depth: 1 })
      const away = machine(other.url, 'away')
      git(away.folder.replace(/store$/, ''), [
        'clone',
        '--quiet',
        '--bare',
        `file://${shallow.folder}`,
        away.folder,
      ])
      const { refused } = await away.push()
      expect(refused).toMatchObject([{ session: 'demo', reason: expect.stringContaining(ids.at(-1)!) }])
      expect(refsAt(other.folder, 'refs/heads/demo')).toEqual({})
      await expect(away.rewrite('demo', redactTexts(['hello']))).rejects.toMatchObject({
        code: 'UNSUPPORTED',
      })
      await shallow.fetch({ deepen: true })
      expect(gitText(shallow.folder, ['rev-list', 'refs/heads/demo/main']).split('\n')).toHaveLength(
        ids.length,
      )
      expectClean(shallow.folder)
      let checkpoints = 0
      for await (const _ of shallow.log('demo')) checkpoints++
      expect(checkpoints).toBe(ids.length)
    })
  })

  describe('plain git', () => {
    test('clones a server, and pushes to it and fetches from it', async () => {
      const server = await start()
      const one = machine(server.url, 'one')
      const ids = await begin(one)
      await one.push()
      const clone = tempFolder()
      git(clone, ['clone', '--quiet', '--branch', 'demo/main', server.folder, '.'])
      expect(gitText(clone, ['rev-list', '--count', 'HEAD'])).toBe(String(ids.length))
      git(clone, ['commit', '--quiet', '--allow-empty', '-m', 'by hand'])
      git(clone, ['push', '--quiet', 'origin', 'HEAD:demo/main'])
      await one.sync()
      const by = gitText(clone, ['rev-parse', 'HEAD'])
      expect(await tips(one)).toEqual({ main: by })
      git(one.folder, ['fetch', '--quiet', server.folder, 'refs/heads/*:refs/heads/*'])
      const next = await say(one, 'on top')
      git(one.folder, ['push', '--quiet', server.folder, 'refs/heads/demo/main'])
      git(clone, ['pull', '--quiet', 'origin', 'demo/main'])
      expect(gitText(clone, ['rev-parse', 'HEAD'])).toBe(next)
      await one.sync()
      expect((await one.remoteStatus()).sessions).toEqual([])
      expectClean(server.folder)
    })
  })
})
