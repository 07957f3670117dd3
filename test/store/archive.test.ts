import { describe, expect, test } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { AlreadyExistsError, ConflictError, CorruptError, NotFoundError } from '../../src/errors.ts'
import { Repository } from '../../src/git/repository.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, expectWhole, message } from './support/git-store.ts'
import { everythingIn } from './support/inflated.ts'

const DAY = 864e5
const START = Date.parse('2025-01-01T00:00:00.000Z')

/** A store whose clock stands still until it is told. */
function clocked(folder = tempFolder(), options = {}) {
  const clock = { now: START }
  const store = new GitSessionStore(folder, { now: () => clock.now, ...options })
  let count = 0
  const say = async (id: string, text = 'hello') => {
    if (!(await store.exists(id))) await store.save(emptySession(id))
    return store.append(id, { messages: [message(`m${count++}`, text)] })
  }
  return { folder, clock, store, say }
}

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const one of items) found.push(one)
  return found
}

const ids = async (store: GitSessionStore, archived = false) => {
  const found: string[] = []
  for await (const { id } of store.list({ order: 'id', archived })) found.push(id)
  return found
}

const refs = (folder: string, ...patterns: string[]) =>
  gitText(folder, ['for-each-ref', '--format=%(objectname) %(refname) %(symref)', ...patterns])

/** A session with branches, a tag and an active branch that is not main. */
async function rich(id: string, { store, say }: ReturnType<typeof clocked>) {
  await say(id, `${id} one`)
  await say(id, `${id} two`)
  await store.fork(id, { at: 'main~1', branch: 'try' })
  await store.switch(id, 'try')
  await store.append(id, { messages: [message(`${id}-try`, `${id} on try`)] })
  await store.tag(id, 'v1', { at: 'main~1' })
}

/** Whether the words are anywhere in the folder, packed or not. */
const holds = (folder: string, words: string): boolean =>
  everythingIn(folder).some(({ bytes }) => bytes.includes(words))

describe('An archive', () => {
  test('keeps a session without refs of its own, and gives it back as it was', async () => {
    const made = clocked()
    const { folder, store, say } = made
    await rich('Demo 1', made)
    await say('other')
    const before = refs(folder)
    const state = await store.load('Demo 1')
    const report = await store.archive({ sessions: ['Demo 1'] })
    expect(report.archived).toEqual(['Demo 1'])
    expect(report.sessions).toMatchObject([{ session: 'Demo 1', refs: 3 }])
    expect(refs(folder, 'refs/heads/', 'refs/tags/', 'refs/forkpoint/active/')).not.toContain('demo')
    expect(refs(folder, 'refs/forkpoint/archive/').split('\n').filter(Boolean)).toHaveLength(1)
    expect(await ids(store)).toEqual(['other'])
    expect(await ids(store, true)).toEqual(['Demo 1'])
    expect(await store.load('Demo 1')).toEqual(state)
    expect(await store.unarchive('Demo 1')).toBe(true)
    expect(await store.unarchive('Demo 1')).toBe(false)
    expect(refs(folder)).toBe(before)
    expect(await ids(store, true)).toEqual([])
    await store.close()
    expectWhole(folder)
  })

  test('is read by git: each parent is a tip, and the message says of what', async () => {
    const { folder, clock, store, say } = clocked()
    await say('b')
    clock.now += DAY
    await say('a')
    await say('live')
    const [a, b] = [await store.resolve('a', 'main'), await store.resolve('b', 'main')]
    const { archives } = await store.archive({ sessions: ['a', 'b'] })
    await store.close()
    expect(archives).toHaveLength(1)
    expect(archives[0]).toMatch(/^refs\/forkpoint\/archive\/2025-01-02-[0-9a-f]{16}$/)
    expect(gitText(folder, ['rev-parse', `${archives[0]}^1`, `${archives[0]}^2`]).trim()).toBe(`${b}\n${a}`)
    expect(gitText(folder, ['log', '-1', '--format=%B%ct', archives[0]!]).trim()).toBe(
      `archive 2 sessions\n\nheads/a/main ^2\nheads/b/main ^1\n\nForkpoint-Kind: archive\nForkpoint-Format: 1\n${(START + DAY) / 1000}`
        .replaceAll('%61', 'a')
        .replaceAll('%62', 'b'),
    )
    git(folder, ['gc', '--prune=now', '--quiet'])
    const again = new GitSessionStore(folder)
    expect((await again.load('a'))!.messages).toHaveLength(1)
    await again.close()
    expectWhole(folder)
  })

  test('is the same for the same sessions, wherever and in whatever order they were archived', async () => {
    const names: string[][] = []
    for (const order of [
      ['a-1', 'b-1', 'c-1'],
      ['c-1', 'a-1', 'b-1'],
    ]) {
      const { store, say } = clocked()
      for (const id of ['a-1', 'b-1', 'c-1']) await say(id, `words of ${id}`)
      // The later ones join the archive of the first, which has few.
      for (const id of order) await store.archive({ sessions: [id] })
      names.push([...(await refsOf(store))])
      await store.close()
    }
    expect(names[0]).toHaveLength(1)
    expect(names[1]).toEqual(names[0])
  })

  test('holds between 100 and 1,000 tips, so that refs stay few', { timeout: 120_000 }, async () => {
    const { folder, clock, store } = clocked(tempFolder(), { pages: false })
    await Promise.all(
      Array.from({ length: 1201 }, async (_, n) =>
        store.save(emptySession(`s-${String(n).padStart(5, '0')}`), {
          at: n === 1200 ? START + 99 * DAY : START + n * 1000,
        }),
      ),
    )
    clock.now += 100 * DAY
    const report = await store.archive({ olderThan: '90d' })
    expect(report.archived).toHaveLength(1200)
    expect(report.archives).toHaveLength(2)
    expect(refs(folder, 'refs/').split('\n').filter(Boolean)).toHaveLength(3)
    for (const ref of report.archives) {
      const parents = gitText(folder, ['log', '-1', '--format=%P', ref]).trim().split(' ')
      expect(parents).toHaveLength(600)
      const dates = gitText(folder, ['show', '-s', '--format=%ct', ref, ...parents])
        .trim()
        .split('\n')
        .map(Number)
      expect(dates.slice(1)).toEqual([...dates.slice(1)].sort((a, b) => a - b))
      expect(dates[0]).toBe(dates.at(-1))
    }
    expect((await store.load('s-00007'))!.id).toBe('s-00007')
    await store.close()
    expectWhole(folder)
  })
})

const refsOf = async (store: GitSessionStore): Promise<string[]> => {
  const { history } = checkpointsOf(store)
  return [...history.repository.refs.list('refs/forkpoint/archive/').keys()]
}

describe('An archived session', () => {
  test('is logged, resolved, diffed, searched, scanned and verified as before', async () => {
    const made = clocked()
    const { store, folder } = made
    await rich('demo', made)
    await made.say('live')
    const look = async () => ({
      log: (await all(store.log('demo'))).map(({ id }) => id),
      branches: await store.branches('demo'),
      tags: await store.tags('demo'),
      old: await store.resolve('demo', 'main~1'),
      short: await store.resolve('demo', (await store.resolve('demo', 'main')).slice(0, 12)),
      found: (await all(store.search(['two']))).map(({ checkpoint }) => checkpoint),
      diff: await store.diff('demo', 'main~1', 'main'),
      scanned: await all(store.scan('demo')),
      checkpoints: (await store.verify('demo')).checkpoints,
    })
    const before = await look()
    await store.archive({ sessions: ['demo'] })
    expect(JSON.stringify(await look())).toBe(JSON.stringify(before))
    expect((await store.verify()).problems).toEqual([])
    expect((await store.stats()).archived).toBe(1)
    const stats = await all(store.retention.stats())
    expect(stats).toMatchObject([{ id: 'live' }, { id: 'demo', archived: true, checkpoints: 4 }])
    expect(stats[1]!.bytes.own).toBeGreaterThan(500)
    await store.close()
    expectWhole(folder)
  })

  const CHANGES: Record<string, (store: GitSessionStore) => Promise<unknown>> = {
    save: async (store) => {
      const expected = await store.resolve('demo', 'try')
      return store.save({ ...(await store.load('demo'))!, title: 'another' }, { branch: 'try', expected })
    },
    append: (store) => store.append('demo', { messages: [message('new', 'new')] }),
    'append to a branch': (store) =>
      store.append('demo', { messages: [message('new', 'new')] }, { branch: 'main' }),
    switch: (store) => store.switch('demo', 'main'),
    'a new branch': (store) => store.fork('demo', { at: 'main~1', branch: 'second' }),
    'a new tag': (store) => store.tag('demo', 'v2'),
    'a deleted branch': async (store) => {
      await store.switch('demo', 'main')
      await store.archive({ sessions: ['demo'] })
      return store.delete('demo', { branch: 'try' })
    },
    'a deleted tag': (store) => store.delete('demo', { tag: 'v1' }),
  }
  test.each(Object.entries(CHANGES))('comes back with a change: %s', async (_, change) => {
    const { folder, store } = await twice(change)
    expect(await ids(store)).toEqual(['demo', 'other'])
    expect(refs(folder, 'refs/forkpoint/archive/')).toBe('')
    await store.close()
    expectWhole(folder)
  })

  /** What a change makes of an archived session is what it makes of one that is not. */
  async function twice(change: (store: GitSessionStore) => Promise<unknown>) {
    const made: { folder: string; store: GitSessionStore; refs: string }[] = []
    for (const isArchived of [false, true]) {
      const one = clocked()
      await rich('demo', one)
      await one.say('other')
      if (isArchived) await one.store.archive({ sessions: ['demo'] })
      await change(one.store)
      if (!isArchived) await one.store.unarchive('demo')
      made.push({ ...one, refs: refs(one.folder, 'refs/heads/', 'refs/tags/', 'refs/forkpoint/active/') })
    }
    expect(made[1]!.refs).toBe(made[0]!.refs)
    await made[0]!.store.close()
    return made[1]!
  }

  test('is forked to another session, and stays archived', async () => {
    const { store, say } = clocked()
    await say('demo', 'words')
    await store.archive({ sessions: ['demo'] })
    await store.fork('demo', { session: 'second' })
    expect(await ids(store)).toEqual(['second'])
    expect(await ids(store, true)).toEqual(['demo'])
    await expect(store.fork('second', { session: 'demo' })).rejects.toThrow(AlreadyExistsError)
    expect((await store.verify()).problems).toEqual([])
    await store.close()
  })

  test('stays archived when a save with its key is repeated', async () => {
    const { store, say } = clocked()
    await say('demo')
    const made = await store.append('demo', { messages: [message('k', 'k')] }, { key: 'once' })
    await store.archive({ sessions: ['demo'] })
    expect((await store.append('demo', { messages: [message('k', 'k')] }, { key: 'once' })).id).toBe(made.id)
    expect(await ids(store, true)).toEqual(['demo'])
    await store.close()
  })

  test('refuses a save from a stale parent, and stays archived', async () => {
    const { store, say } = clocked()
    await say('demo')
    const id = await store.resolve('demo', 'main')
    await say('demo')
    await store.archive({ sessions: ['demo'] })
    const stale = store.append('demo', { messages: [message('x', 'x')] }, { expected: id })
    await expect(stale).rejects.toThrow(ConflictError)
    expect(await ids(store, true)).toEqual(['demo'])
    await store.close()
  })

  test('is deleted with every byte, once the store was purged; the others of its archive stay', async () => {
    const { folder, store, say } = clocked()
    for (const id of ['keep-1', 'gone-1', 'keep-2', 'live']) await say(id, `words of ${id}`)
    await store.archive({ sessions: ['keep-1', 'gone-1', 'keep-2'] })
    expect(await store.delete('gone-1')).toBe(true)
    expect(await store.exists('gone-1')).toBe(false)
    expect(await ids(store, true)).toEqual(['keep-1', 'keep-2'])
    await store.maintain({ purge: true })
    await store.close()
    expect(holds(folder, 'words of keep-1')).toBe(true)
    expect(holds(folder, 'words of gone-1')).toBe(false)
    expect(holds(folder, 'heads/gone-1')).toBe(false)
    expectWhole(folder)
  })

  test('goes to the trash and comes back from there, no longer archived', async () => {
    const made = clocked()
    const { folder, store } = made
    await rich('demo', made)
    const before = refs(folder)
    await store.archive({ sessions: ['demo'] })
    await store.retention.discard('demo')
    expect(await ids(store, true)).toEqual([])
    await store.restore('demo')
    expect(refs(folder)).toBe(before)
    await store.close()
  })

  test('is pruned as others are', async () => {
    const { clock, store, say } = clocked()
    await say('old')
    clock.now += 10 * DAY
    await say('newer')
    await store.archive({ sessions: ['old', 'newer'] })
    const report = await store.retention.prune({ rules: [{ maxAge: '5d' }] })
    expect(report.removed).toEqual(['old'])
    expect(await ids(store, true)).toEqual(['newer'])
    await store.close()
  })

  test('is rewritten with those that share its history', async () => {
    const { folder, store, say } = clocked()
    await say('demo', 'the word is swordfish')
    await store.fork('demo', { session: 'second' })
    await say('third', 'nothing')
    await store.archive({ sessions: ['demo', 'second', 'third'] })
    const redact = (value: unknown) =>
      typeof value === 'string' ? value.replaceAll('swordfish', '[gone]') : value
    const report = await store.rewrite('second', redact)
    expect(report.sessions.sort()).toEqual(['demo', 'second'])
    expect(report.remaining).toEqual([])
    expect(await ids(store, true)).toEqual(['third'])
    await store.close()
    expect(holds(folder, 'swordfish')).toBe(false)
    expectWhole(folder)
  })
})

describe('Archiving', () => {
  test('says what it would do, by age, and does it', async () => {
    const { clock, store, say } = clocked()
    await say('old')
    clock.now += 100 * DAY
    await say('new')
    const plan = await store.archive({ olderThan: '90d', dryRun: true })
    expect(plan).toMatchObject({ sessions: [{ session: 'old', lastUse: START, refs: 1 }], archived: [] })
    expect(await ids(store)).toEqual(['new', 'old'])
    expect((await store.archive({ olderThan: '90d' })).archived).toEqual(['old'])
    expect((await store.archive({ olderThan: '90d' })).archived).toEqual([])
    await store.close()
  })

  test('refuses what is not there, and to be told nothing', async () => {
    const { store, say } = clocked()
    await expect(store.archive({ sessions: ['demo'] })).rejects.toThrow(NotFoundError)
    await say('demo')
    await store.archive({ sessions: ['demo'] })
    // It is archived already.
    expect((await store.archive({ sessions: ['demo'] })).archived).toEqual([])
    await expect(store.archive({ sessions: ['other'] })).rejects.toThrow(NotFoundError)
    await expect(store.archive({})).rejects.toThrow(TypeError)
    expect(await store.unarchive('other')).toBe(false)
    await store.close()
  })

  test("leaves a session with somebody's tag of something else as it is, and tells", async () => {
    const { folder, store, say } = clocked()
    await say('demo')
    git(folder, ['tag', '-a', 'demo/signed', '-m', 'signed', 'refs/heads/demo/main'])
    const { kept, archived } = await store.archive({ sessions: ['demo'] })
    expect(kept).toEqual([{ session: 'demo', why: 'no commit' }])
    expect(archived).toEqual([])
    await store.close()
  })

  test('leaves a session that was saved to meanwhile', async () => {
    const { folder, store, say } = clocked()
    for (const id of ['a-1', 'b-1']) await say(id)
    const other = new GitSessionStore(folder)
    const report = await store.archive({
      sessions: ['a-1', 'b-1'],
      onProgress: () => undefined,
    })
    expect(report.archived).toEqual(['a-1', 'b-1'])
    // Two stores on one folder: the other knew the branch as one with a ref.
    await other.append('b-1', { messages: [message('x', 'x')] })
    expect(await ids(store)).toEqual(['b-1'])
    expect(await ids(other, true)).toEqual(['a-1'])
    await other.close()
    await store.close()
  })

  test('an archive that cannot be read is told, and hides nothing else', async () => {
    const { folder, store, say } = clocked()
    await say('demo')
    await say('live')
    const id = await store.resolve('live', 'main')
    await store.archive({ sessions: ['demo'] })
    await store.close()
    git(folder, ['update-ref', 'refs/forkpoint/archive/2020-01-01-0000000000000000', id])
    const again = new GitSessionStore(folder)
    expect((await again.load('live'))!.messages).toHaveLength(1)
    expect((await again.load('demo'))!.messages).toHaveLength(1)
    await again.append('live', { messages: [message('x', 'x')] })
    // Nobody knows what is in it.
    await expect(again.exists('unknown')).rejects.toThrow(CorruptError)
    expect((await again.verify()).problems).toMatchObject([{ message: expect.stringContaining('archive') }])
    await again.close()
  })

  test('gives up many sessions at once: to a policy, to saves and to deletions', async () => {
    const { folder, clock, store, say } = clocked()
    const names = Array.from({ length: 90 }, (_, n) => `s${n + 10}`)
    await Promise.all(names.map((id) => say(id)))
    await store.fork('s12', { at: 'main', branch: 'try' })
    await store.switch('s12', 'try')
    await store.tag('s11', 'kept')
    await store.archive({ sessions: names })
    expect(refs(folder, 'refs/forkpoint/archive/').split('\n')).toHaveLength(1)
    await Promise.all(names.slice(60).map((id) => store.append(id, { messages: [message('next', 'next')] })))
    expect(await ids(store)).toEqual(names.slice(60))
    await Promise.all(names.slice(30, 60).map((id) => store.delete(id)))
    clock.now += DAY
    await Promise.all(names.slice(60).map((id) => store.append(id, { messages: [message('last', 'last')] })))
    const { removed } = await store.retention.prune({ rules: [{ maxAge: '1h' }] })
    expect([...removed].sort()).toEqual(names.slice(0, 30).filter((id) => id !== 's11'))
    expect(await ids(store, true)).toEqual(['s11'])
    expect(await ids(store)).toEqual(names.slice(60))
    expect(await store.restore('s12')).toEqual(['heads/s12/main', 'heads/s12/try'])
    expect((await store.load('s12', { branch: 'try' }))!.messages).toHaveLength(1)
    expect((await store.verify()).problems).toEqual([])
    await store.close()
    expectWhole(folder)
  })

  test('and saves at once, by many: nothing is lost', async () => {
    const { folder, store, say } = clocked()
    const sessions = ['a-1', 'b-1', 'c-1']
    for (const id of sessions) await say(id)
    const others = [new Repository(folder), new Repository(folder)].map((one) => new GitSessionStore(one))
    const made: [string, string][] = []
    const work = async (at: number) => {
      for (let n = 0; n < 12; n++) {
        const id = sessions[(n + at) % 3]!
        if (at === 0) await store.archive({ sessions: [id] })
        else {
          const saved = await others[at - 1]!.append(id, { messages: [message(`w${at}-${n}`, 'x')] })
          made.push([id, saved.id])
        }
      }
    }
    await Promise.all([work(0), work(1), work(2)])
    for (const [id, checkpoint] of made)
      expect((await all(store.log(id))).map((one) => one.id)).toContain(checkpoint)
    expect((await store.verify()).problems).toEqual([])
    for (const other of others) await other.close()
    await store.close()
    expectWhole(folder)
  })
})
