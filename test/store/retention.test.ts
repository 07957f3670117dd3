import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { AlreadyExistsError, NotFoundError } from '../../src/errors.ts'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import type { SessionId } from '../../src/ids.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { bytesOfPacks, emptySession, expectWhole, message } from './support/git-store.ts'
import { everythingIn } from './support/inflated.ts'

const DAY = 864e5
const START = Date.parse('2025-01-01T00:00:00.000Z')

/** A store whose clock stands still until it is told. */
function clocked(folder = tempFolder(), options = {}) {
  const clock = { now: START }
  const store = new GitSessionStore(folder, { now: () => clock.now, ...options })
  const say = async (id: string, text = 'hello', more = {}) => {
    if (!(await store.exists(id))) await store.save({ ...emptySession(id), ...more })
    await store.append(id, { messages: [message(`m${clock.now}-${text.slice(0, 9)}`, text)] })
  }
  return { folder, clock, store, say }
}

const ids = async (store: GitSessionStore) => {
  const found: string[] = []
  for await (const { id } of store.list({ order: 'id' })) found.push(id)
  return found
}

describe('The trash', () => {
  test('gives a session back as it was, with branches, tags and the active branch', async () => {
    const { folder, store, say } = clocked()
    await say('Demo 1')
    await store.fork('Demo 1', { at: 'main~1', branch: 'try' })
    await store.switch('Demo 1', 'try')
    await store.tag('Demo 1', 'v1')
    const refs = () => gitText(folder, ['for-each-ref', '--format=%(objectname) %(refname) %(symref)'])
    const before = refs()
    expect(await store.retention.discard('Demo 1')).toBe(true)
    expect(await store.exists('Demo 1')).toBe(false)
    expect(await ids(store)).toEqual([])
    expect(await store.retention.discarded()).toEqual([
      { session: 'Demo 1', at: new Date(START).toISOString(), branches: 2 },
    ])
    // Somebody else's gc takes nothing of it.
    await store.close()
    git(folder, ['gc', '--prune=now', '--quiet'])
    const again = new GitSessionStore(folder)
    await again.restore('Demo 1')
    expect(refs()).toBe(before)
    expect((await again.branches('Demo 1')).find(({ active }) => active)?.name).toBe('try')
    expect(await again.retention.discarded()).toEqual([])
    await again.close()
    expectWhole(folder)
  })

  test('has the newest of several sessions of one id on top, and does not replace a living one', async () => {
    const { store, say } = clocked()
    await say('demo', 'first')
    await store.retention.discard('demo')
    await say('demo', 'second')
    await store.retention.discard('demo')
    await say('demo', 'third')
    await expect(store.restore('demo')).rejects.toThrow(AlreadyExistsError)
    expect((await store.load('demo'))!.messages[0]!.content).toBe('third')
    await store.delete('demo')
    await store.restore('demo')
    expect((await store.load('demo'))!.messages[0]!.content).toBe('second')
    await store.delete('demo')
    await store.restore('demo')
    expect((await store.load('demo'))!.messages[0]!.content).toBe('first')
    await store.delete('demo')
    await expect(store.restore('demo')).rejects.toThrow(NotFoundError)
    await store.close()
  })

  test('says of a session that is not there that it is not, and makes no store', async () => {
    const { folder, store } = clocked(`${tempFolder()}/none`)
    expect(await store.retention.discard('demo')).toBe(false)
    expect(await store.retention.discarded()).toEqual([])
    await expect(store.restore('demo')).rejects.toThrow(NotFoundError)
    expect(existsSync(folder)).toBe(false)
  })

  test('is emptied by a purge: nothing of the session is left on the disk', async () => {
    const { folder, store, say } = clocked()
    await say('keep')
    await say('gone', 'words that nobody shall read again')
    await store.retention.discard('gone')
    await store.maintain()
    await store.restore('gone')
    await store.retention.discard('gone')
    await store.maintain({ purge: true })
    await expect(store.restore('gone')).rejects.toThrow(NotFoundError)
    await store.close()
    expect(everythingIn(folder).filter(({ bytes }) => bytes.includes('nobody shall read'))).toEqual([])
    expectWhole(folder)
  })
})

describe('A store with a policy', () => {
  test('removes what is too old when it is maintained, and frees it when its time in the trash is over', async () => {
    const retention = { rules: [{ maxAge: '30d' }], trash: '7d' } as const
    const { folder, clock, store, say } = clocked(tempFolder(), { retention })
    await say('old', 'an old word')
    clock.now += 20 * DAY
    await say('young')
    clock.now += 11 * DAY
    expect((await store.maintain()).pruned).toMatchObject({ removed: ['old'], kept: 1 })
    expect(await ids(store)).toEqual(['young'])
    clock.now += 6 * DAY
    await store.maintain()
    expect((await store.retention.discarded()).map(({ session }) => session)).toEqual(['old'])
    clock.now += 2 * DAY
    expect((await store.maintain()).pruned).toMatchObject({ removed: [], forgotten: 1 })
    await store.close()
    expect(everythingIn(folder).filter(({ bytes }) => bytes.includes('an old word'))).toEqual([])
    expectWhole(folder)
  })

  test('frees what a prune took from the trash, although that prune freed nothing itself', async () => {
    const retention = { rules: [{ maxAge: '30d' }], trash: '7d' } as const
    const { folder, clock, store, say } = clocked(tempFolder(), { retention })
    await say('old', 'an old word')
    clock.now += 31 * DAY
    await say('young')
    expect(await store.retention.prune()).toMatchObject({ removed: ['old'], forgotten: 0 })
    clock.now += 8 * DAY
    expect(await store.retention.prune()).toMatchObject({ removed: [], forgotten: 1 })
    expect((await store.maintain()).pruned).toMatchObject({ removed: [], forgotten: 0 })
    expect(existsSync(join(folder, 'forkpoint/purge-due'))).toBe(false)
    await store.close()
    expect(everythingIn(folder).filter(({ bytes }) => bytes.includes('an old word'))).toEqual([])
    expectWhole(folder)
  })

  test('counts the floor from when it first saw a session, not from the dates of an import', async () => {
    const retention = { rules: [{ maxAge: '30d', minAge: '7d' }] }
    const { folder, clock, store, say } = clocked(tempFolder(), { retention })
    await say('imported')
    clock.now += 100 * DAY
    expect((await store.maintain()).pruned).toMatchObject({ removed: [], protections: [{ by: 'minAge' }] })
    await store.close()
    clock.now += 8 * DAY
    const later = clocked(folder, { retention })
    later.clock.now = clock.now
    expect((await later.store.maintain()).pruned).toMatchObject({ removed: ['imported'] })
    await later.store.close()
  })

  test('keeps what is tagged, pinned or still saved to', async () => {
    const { clock, store, say } = clocked()
    await say('tagged')
    await store.tag('tagged', 'keep')
    await say('pinned', 'hello', { metadata: { keep: true } })
    await say('old')
    clock.now += 31 * DAY
    const rules = [{ maxAge: '30d' }]
    const shown = await store.retention.prune({ rules }, { dryRun: true })
    expect(shown).toMatchObject({
      removals: [{ session: 'old', why: 'age' }],
      protections: [
        { session: 'pinned', by: 'pin' },
        { session: 'tagged', by: 'tag' },
      ],
      removed: [],
    })
    expect(await ids(store)).toEqual(['old', 'pinned', 'tagged'])
    // Somebody saves between the plan and its execution.
    const { refs, history } = checkpointsOf(store)
    const expected = history.refsOf('old' as SessionId)
    await say('old', 'back again')
    expect(await refs.deleteSession('old' as SessionId, { discardedAt: clock.now, expected })).toBe(false)
    expect(await store.retention.prune({ rules })).toMatchObject({ removals: [] })
    await store.close()
  })

  test('takes its policy from the configuration where no option names one', async () => {
    const { folder, clock, store, say } = clocked()
    await say('a')
    git(folder, ['config', 'forkpoint.retention.all.maxAge', '1d'])
    clock.now += 2 * DAY
    expect((await store.retention.prune(undefined, { dryRun: true })).removals).toMatchObject([
      { session: 'a' },
    ])
    expect((await store.maintain()).pruned).toMatchObject({ removed: ['a'] })
    await store.close()
  })
})

describe('The numbers of a session', () => {
  const statsOf = async (store: GitSessionStore, options = {}) => {
    const found = new Map()
    for await (const one of store.retention.stats(options)) found.set(one.id, one)
    return found
  }

  test('are bytes that a purge frees, and those that a fork shares', async () => {
    const { folder, store, say } = clocked()
    const noise = (n: number) => Array.from({ length: 400 }, (_, at) => Math.sin(n * 1e3 + at)).join(' ')
    for (let n = 0; n < 10; n++) await say('a', noise(n))
    for (let n = 10; n < 20; n++) await say('b', noise(n))
    await store.fork('a', { session: 'c' })
    await say('c', noise(21))
    const stats = await statsOf(store)
    const { a, b, c } = Object.fromEntries(stats)
    expect(a.checkpoints).toBe(11)
    expect(c.checkpoints).toBe(13)
    expect(a.bytes.own).toBeLessThan(100)
    expect(c.bytes.shared).toBeGreaterThan(a.bytes.shared * 0.9)
    expect(b.bytes.shared).toBeLessThan(2000)
    await store.maintain()
    const before = bytesOfPacks(folder)
    const own = (await statsOf(store)).get('b').bytes.own
    await store.delete('b')
    await store.maintain({ purge: true })
    const after = bytesOfPacks(folder)
    expect(before - after).toBeGreaterThan(own * 0.95)
    expect(before - after).toBeLessThan(own * 1.1 + 4096)
    await store.close()
    expectWhole(folder)
  })

  test('are tokens, and their cost where the model has a price', async () => {
    const { store, say } = clocked()
    const usage = { inputTokens: 1000, outputTokens: 500, totalTokens: 1500 }
    await say('a', 'hello', { model: 'm', usage, workspace: '/home/x' })
    await say('b')
    const stats = await statsOf(store, { prices: { m: { input: 3, output: 15 } } })
    expect(stats.get('a')).toMatchObject({
      project: '/home/x',
      tokens: { input: 1000, output: 500, total: 1500 },
      cost: 0.0105,
      messages: 1,
    })
    expect(stats.get('b')).not.toHaveProperty('cost')
    expect(stats.get('b')).not.toHaveProperty('fields')
    await store.close()
  })

  test('are remembered until something changes, and a copy that is not right is not used', async () => {
    vi.stubEnv('XDG_CACHE_HOME', tempFolder())
    const { folder, store, say } = clocked()
    for (let n = 0; n < 130; n++) await say(`s${n % 3}`, `text ${n}`)
    await store.fork('s1', { session: 'fork' })
    await store.maintain()
    const walks = vi.spyOn(ObjectStore.prototype, 'sizes')
    const walked = async (): Promise<[Map<string, unknown>, number]> => {
      const again = new GitSessionStore(folder)
      const before = walks.mock.calls.length
      const stats = await statsOf(again)
      await again.close()
      return [stats, walks.mock.calls.length - before]
    }
    const [first, count] = await walked()
    expect(count).toBe(1)
    expect(await walked()).toEqual([first, 0])
    expect(
      (await store.retention.prune({ rules: [{ maxBytes: 0 }] }, { dryRun: true })).frees,
    ).toBeGreaterThan(0)
    expect(await walked()).toEqual([first, 0])

    const copies = join(folder, 'forkpoint/copies')
    const file = join(copies, `${hash('sha1', 'usage 1', 'hex')}.${readdirSync(copies)[0]!.split('.')[1]}`)
    const bytes = readFileSync(file)
    const forged = Buffer.from(bytes)
    forged[forged.length - 4]! ^= 1
    for (const content of [forged, bytes.subarray(0, 50), Buffer.alloc(0)]) {
      writeFileSync(file, content)
      expect(await walked()).toEqual([first, 1])
    }
    // An older copy does not count either.
    const old = readFileSync(file)
    await say('s1', 'more')
    writeFileSync(file, old)
    const [now, again] = await walked()
    expect(again).toBe(1)
    expect(now.get('s1')).toMatchObject({
      checkpoints: (first.get('s1') as { checkpoints: number }).checkpoints + 1,
    })
    await store.maintain({ purge: true })
    expect(existsSync(file)).toBe(false)
    walks.mockRestore()
    await store.close()
  })

  test('are there for a damaged session as far as it can be read', async () => {
    const { folder, store, say } = clocked()
    await say('a')
    await say('b')
    await store.close()
    // All of `b` but its newest commit is lost.
    const pack = git(folder, ['pack-objects', '--revs', '--stdout', '-q'], 'a/main\n')
    const tip = git(folder, ['cat-file', 'commit', 'b/main'])
    rmSync(join(folder, 'objects'), { recursive: true })
    git(folder, ['init', '--bare', '-q', '.'])
    git(folder, ['unpack-objects', '-q'], pack)
    git(folder, ['hash-object', '-w', '-t', 'commit', '--stdin'], tip)
    const again = new GitSessionStore(folder)
    const stats = await statsOf(again)
    expect(stats.get('a').problem).toBeUndefined()
    expect(stats.get('b')).toMatchObject({ problem: { session: 'b' }, checkpoints: 0 })
    expect(await again.retention.prune({ rules: [{ maxAge: 0 }] })).toMatchObject({
      removed: ['a'],
      protections: [{ session: 'b', by: 'damage' }],
    })
    await again.close()
  })
})
