/** What LangGraph's own suite leaves out: order, writes, branches and conflicts, other namespaces, whole threads. */
import { DeltaSnapshot, INTERRUPT, MemorySaver, RESUME } from '@langchain/langgraph-checkpoint'
import { describe, expect, test, vi } from 'vitest'
import type { NewBranch } from '../../../src/adapters/langgraph/index.ts'
import {
  ConflictError,
  GitSessionStore,
  InvalidIdError,
  InvalidStateError,
  newSession,
  SessionClosedError,
} from '../../../src/index.ts'
import { at, checkpointOf, idOf, listed, metadataOf, nextId, Run, useStore } from './context.ts'

const context = useStore()

describe('pending writes', () => {
  test('may come before their checkpoint, and stay when it has children', async () => {
    const saver = context.open()
    const id = nextId()
    await saver.putWrites(at('t', '', id), [['a', 1]], 'task')
    expect(await saver.getTuple(at('t', '', id))).toBeUndefined()
    expect(await saver.getTuple(at('t'))).toBeUndefined()
    expect(await listed(saver, {})).toEqual([])
    expect(await saver.store.exists('t')).toBe(false)
    const config = await saver.put(at('t'), checkpointOf({}, {}, id), metadataOf('input', -1), {})
    await saver.put(config, checkpointOf({}, {}), metadataOf('loop', 0), {})
    await saver.putWrites(config, [['b', 2]], 'late')
    for (const one of [saver, context.open()])
      expect((await one.getTuple(config))?.pendingWrites).toEqual([
        ['late', 'b', 2],
        ['task', 'a', 1],
      ])
  })

  test('of one task and index: the first regular one counts, and the last special one', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    await run.put({}, 'input')
    const put = (writes: [string, unknown][], task = 'task') => saver.putWrites(run.config, writes, task)
    await put([
      ['a', 'first'],
      [INTERRUPT, 'old'],
      ['c', 'third'],
    ])
    await put([
      ['a', 'second'],
      ['b', 'at one'],
      ['c', 'again'],
      ['d', 'new'],
    ])
    await Promise.all([put([[INTERRUPT, 'new']]), put([[RESUME, 'go']]), put([['a', 'other']], 'another')])
    await put([[INTERRUPT, 'newest']])
    const expected = [
      ['another', 'a', 'other'],
      ['task', RESUME, 'go'],
      ['task', INTERRUPT, 'newest'],
      ['task', 'a', 'first'],
      ['task', 'b', 'at one'],
      ['task', 'c', 'third'],
      ['task', 'd', 'new'],
    ]
    for (const one of [saver, context.open()])
      expect((await one.getTuple(run.config))?.pendingWrites).toEqual(expected)
  })

  test('come in the order in which a step applies them: by path, task and index', async () => {
    const saver = context.open()
    const memory = new MemorySaver()
    const id = nextId()
    const paths = ['~__pregel_pull, b', '', '~__pregel_pull, a', '\u{1f600}', '\uffff', undefined]
    for (const one of [saver, memory]) {
      const config = await one.put(at('t'), checkpointOf({}, {}, id), metadataOf('input', -1), {})
      for (const [n, path] of paths.entries())
        await one.putWrites(
          config,
          [
            ['x', n],
            ['y', n],
          ],
          `task-${9 - n}`,
          path,
        )
    }
    const { pendingWrites } = (await saver.getTuple(at('t')))!
    expect(pendingWrites).toEqual((await memory.getTuple(at('t')))?.pendingWrites)
  })

  test('of many tasks at once share commits of their own, and none is lost', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    await run.put({}, 'input')
    await Promise.all(
      Array.from({ length: 200 }, (_, n) => saver.putWrites(run.config, [['x', n]], `task-${n % 150}`)),
    )
    const { pendingWrites = [] } = (await context.open().getTuple(run.config))!
    expect(pendingWrites.map(([task]) => task).sort()).toEqual(
      Array.from({ length: 150 }, (_, n) => `task-${n}`).sort(),
    )
    expect(pendingWrites.find(([task]) => task === 'task-3')).toEqual(['task-3', 'x', 3])
  })

  test('with nothing in them store nothing', async () => {
    const saver = context.open()
    await saver.putWrites(at('t', '', nextId()), [], 'task')
    expect(await listed(saver, {})).toEqual([])
  })
})

describe('branches', () => {
  test('a step on the newest checkpoint goes on; an update or a fork of an older one begins a branch', async () => {
    const branches: NewBranch[] = []
    const saver = context.open({ onBranch: (branch) => branches.push(branch) })
    const run = new Run(saver, at('t'))
    const first = await run.put({ n: 1 }, 'input')
    const second = await run.put({ n: 2 })
    expect(branches).toEqual([])
    const update = await Run.at(saver, first)
    await update.put({ n: 10 }, 'update')
    await update.put({ n: 11 })
    const fork = await Run.at(saver, first)
    await fork.put({ n: 20 }, 'fork')
    const parentless = await saver.put(at('t'), checkpointOf({}, {}), metadataOf('update', 0), {})
    expect(branches).toMatchObject([
      { threadId: 't', branch: 'update-1', parentCheckpointId: idOf(first), source: 'update' },
      { branch: 'fork-1', parentCheckpointId: idOf(first), checkpointId: idOf(fork.config) },
      { branch: 'update-2', parentCheckpointId: undefined, checkpointId: idOf(parentless) },
    ])
    expect(context.git('rev-parse', 't/fork-1').trim()).toBe(branches[1]!.commit)
    expect(context.git('merge-base', 't/fork-1', 't/main')).toBe(context.git('rev-parse', 't/main~1'))
    expect(context.git('rev-list', '--count', 't/update-2').trim()).toBe('1')
    const values = async (config: object) => (await saver.get(config as never))?.channel_values
    expect(await values(update.config)).toEqual({ n: 11 })
    expect(await values(second)).toEqual({ n: 2 })
    expect((await saver.getTuple(parentless))?.parentConfig).toBeUndefined()
    // The newest checkpoint is what is meant, and its branch the active one.
    expect(idOf((await saver.getTuple(at('t')))?.config)).toBe(idOf(parentless))
    expect((await saver.store.branches('t')).find(({ active }) => active)?.name).toBe('update-2')
    await run.put({ n: 3 })
    expect(idOf((await context.open().getTuple(at('t')))?.config)).toBe(idOf(run.config))
    expect((await saver.store.branches('t')).find(({ active }) => active)?.name).toBe('main')
  })

  test('a step on what another run has gone on from is a conflict', async () => {
    const [one, other] = [context.open(), context.open()]
    const run = new Run(one, at('t'))
    await run.put({ n: 1 }, 'input')
    const [left, right] = [await Run.at(one, at('t')), await Run.at(other, at('t'))]
    await left.put({ n: 2 }, 'input')
    const error = await right.put({ n: 3 }, 'input').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConflictError)
    expect(error).toMatchObject({ session: 't', branch: 'main' })
    expect((error as Error).message).toContain("onConflict: 'branch'")
    expect(await one.store.branches('t')).toHaveLength(1)
    const again = await Run.at(other, at('t'))
    await again.put({ n: 4 })
    expect((await one.get(at('t')))?.channel_values).toEqual({ n: 4 })
  })

  test('or gets a branch of its own where that is asked for', async () => {
    const onBranch = vi.fn()
    const [one, other] = [context.open(), context.open({ onConflict: 'branch', onBranch })]
    const run = new Run(one, at('t'))
    await run.put({ n: 1 }, 'input')
    const right = await Run.at(other, at('t'))
    await run.put({ n: 2 })
    await right.put({ n: 3 })
    expect(onBranch).toHaveBeenCalledWith(expect.objectContaining({ branch: 'loop-1', source: 'loop' }))
    expect((await one.get(right.config))?.channel_values).toEqual({ n: 3 })
    expect((await one.get(run.config))?.channel_values).toEqual({ n: 2 })
  })

  test('two runs that begin one thread at the same time are a conflict', async () => {
    const [one, other] = [context.open(), context.open()]
    const runs = [await Run.at(one, at('new')), await Run.at(other, at('new')), await Run.at(one, at('new'))]
    await runs[0]!.put({ n: 1 }, 'input')
    await expect(runs[1]!.put({ n: 2 }, 'input')).rejects.toBeInstanceOf(ConflictError)
    await expect(runs[2]!.put({ n: 3 }, 'input')).rejects.toBeInstanceOf(ConflictError)
  })

  test('a run from an old checkpoint, with an input of its own, is meant', async () => {
    const onBranch = vi.fn()
    const saver = context.open({ onBranch })
    const run = new Run(saver, at('t'))
    const old = await run.put({ n: 1 }, 'input')
    await run.put({ n: 2 })
    const other = await Run.at(saver, old)
    await other.put({ n: 3 }, 'input')
    expect(onBranch).toHaveBeenCalledOnce()
    expect((await saver.get(at('t')))?.channel_values).toEqual({ n: 3 })
  })

  test('a put that is repeated changes nothing; with other content the later one counts', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    const parent = await run.put({ n: 1 }, 'input')
    const checkpoint = checkpointOf({ n: 2 }, { n: 2 })
    const put = (values: object, step = 0) =>
      saver.put(parent, { ...checkpoint, channel_values: values as never }, metadataOf('loop', step), {
        n: 2,
      })
    const config = await put({ n: 2 })
    const head = context.git('rev-parse', 't/main')
    await put({ n: 2 })
    expect(context.git('rev-parse', 't/main')).toBe(head)
    await put({ n: 'other' })
    for (const one of [saver, context.open()]) {
      expect((await one.get(config))?.channel_values).toEqual({ n: 'other' })
      expect(await listed(one, at('t'))).toHaveLength(2)
    }
    expect(await saver.store.branches('t')).toHaveLength(1)
    const child = await saver.put(config, checkpointOf({ n: 3 }, { n: 3 }), metadataOf('loop', 1), { n: 3 })
    await put({ n: 'once more' }, 7)
    expect((await context.open().getTuple(config))?.checkpoint.channel_values).toEqual({ n: 'once more' })
    expect((await context.open().get(child))?.channel_values).toEqual({ n: 3 })
  })

  test('that git makes or deletes are followed', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    const first = await run.put({ n: 1 }, 'input')
    await run.put({ n: 2 })
    await saver.store.fork('t', { at: 'main~1', branch: 'try' })
    const onTry = await Run.at(saver, await saver.configAt('t', 'try'))
    expect(idOf(onTry.config)).toBe(idOf(first))
    await onTry.put({ n: 3 })
    expect((await saver.store.branches('t')).map(({ name }) => name)).toEqual(['main', 'try'])
    expect((await saver.get(await saver.configAt('t', 'main')))?.channel_values).toEqual({ n: 2 })
    context.git('branch', '-D', 't/try')
    await saver.store.switch('t', 'main')
    expect(await saver.getTuple(onTry.config)).toBeUndefined()
    expect((await saver.get(at('t')))?.channel_values).toEqual({ n: 2 })
    // A line that somebody moved back has lost what came after.
    context.git('update-ref', 'refs/heads/t/main', context.git('rev-parse', 't/main~1').trim())
    expect(idOf((await saver.getTuple(at('t')))?.config)).toBe(idOf(first))
    await expect(saver.configAt('t', 'nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a commit of another tool is passed over, and built on', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    await run.put({ n: 1 }, 'input')
    const tree = context.git('rev-parse', 't/main^{tree}').trim()
    const env = ['-c', 'user.name=Somebody', '-c', 'user.email=s@example.com']
    const commit = context.git(...env, 'commit-tree', tree, '-p', 't/main', '-m', 'A note').trim()
    context.git('update-ref', 'refs/heads/t/main', commit)
    const next = await Run.at(saver, at('t'))
    await next.put({ n: 2 })
    expect(context.git('log', '--format=%s', 't/main').trim().split('\n')).toEqual([
      'step 0 node',
      'A note',
      'input',
    ])
    expect(idOf((await saver.getTuple(next.config))?.parentConfig)).toBe(idOf(run.config))
  })

  test('a session forked from a thread goes on as a thread of its own', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    await run.put({ n: 1, messages: [{ n: 1 }] }, 'input')
    await saver.putWrites(run.config, [['n', 5]], 'task')
    await saver.store.fork('t', { at: 'main', session: 'copy' })
    const copy = await Run.at(saver, at('copy'))
    expect(copy.config.configurable).toMatchObject({ thread_id: 'copy', checkpoint_id: idOf(run.config) })
    expect((await saver.getTuple(at('copy')))?.pendingWrites).toEqual([['task', 'n', 5]])
    await copy.put({ messages: [{ n: 1 }, { n: 2 }] })
    await run.put({ n: 2 })
    const fresh = context.open()
    expect((await fresh.get(at('copy')))?.channel_values).toEqual({ n: 1, messages: [{ n: 1 }, { n: 2 }] })
    expect((await fresh.get(at('t')))?.channel_values).toEqual({ n: 2, messages: [{ n: 1 }] })
    expect(await fresh.store.load('copy')).toMatchObject({ id: 'copy', parent: { session: 't' } })
    expect(await listed(fresh, at('copy'))).toHaveLength(2)
  })
})

describe('other namespaces', () => {
  test('live together on one line beside the session, however many there are', async () => {
    const saver = context.open()
    const namespaces = Array.from({ length: 20 }, (_, n) => `sub:${n}|inner:${n}`)
    const runs = namespaces.map((namespace) => new Run(saver, at('t', namespace)))
    await Promise.all(runs.map((run, n) => run.put({ messages: [{ n }] }, 'input')))
    expect(await saver.store.exists('t')).toBe(false)
    await Promise.all(runs.map((run, n) => run.put({ messages: [{ n }, { n: 'more' }] })))
    await new Run(saver, at('t')).put({ n: 'root' }, 'input')
    const refs = context.git('for-each-ref', '--format=%(refname)', 'refs/heads').trim().split('\n')
    expect(refs).toEqual(['refs/heads/t/_namespaces', 'refs/heads/t/main'])
    const fresh = context.open()
    for (const [n, namespace] of namespaces.entries()) {
      const tuple = (await fresh.getTuple(at('t', namespace)))!
      expect(tuple.checkpoint.channel_values).toEqual({ messages: [{ n }, { n: 'more' }] })
      expect(tuple.parentConfig).toEqual(at('t', namespace, idOf(tuple.parentConfig)))
    }
    expect(await listed(fresh, at('t', namespaces[3]))).toHaveLength(2)
    expect(await listed(fresh, { configurable: { thread_id: 't' } })).toHaveLength(41)
    expect((await fresh.get(at('t')))?.channel_values).toEqual({ n: 'root' })
    expect(await fresh.store.verify()).toMatchObject({ ok: true })
  })

  test('may have checkpoints with the ids of others', async () => {
    const saver = context.open()
    const id = nextId()
    for (const [n, namespace] of ['', 'a', 'b'].entries()) {
      const config = await saver.put(
        at('t', namespace),
        checkpointOf({ n }, { n: 1 }, id),
        metadataOf('input', n),
        { n: 1 },
      )
      await saver.putWrites(config, [['n', n]], 'task')
    }
    for (const [n, namespace] of ['', 'a', 'b'].entries()) {
      expect(await context.open().getTuple(at('t', namespace, id))).toMatchObject({
        checkpoint: { channel_values: { n } },
        metadata: { step: n },
        pendingWrites: [['task', 'n', n]],
      })
    }
  })
})

describe('list', () => {
  test('newest id first, across threads and namespaces, with limit, before and filter', async () => {
    const saver = context.open()
    const ids: string[] = []
    for (let n = 0; n < 12; n++) {
      const namespace = n % 4 === 3 ? 'sub' : ''
      const thread = `thread-${n % 3}`
      const metadata = { ...metadataOf(n % 2 === 0 ? 'input' : 'update', n), tags: { n: n % 2 } }
      const config = await saver.put(at(thread, namespace), checkpointOf({}, {}), metadata, {})
      ids.push(idOf(config))
    }
    const newest = ids.toReversed()
    const list = async (...args: Parameters<typeof saver.list>) =>
      (await listed(context.open(), ...args)).map(({ checkpoint }) => checkpoint.id)
    expect(await list({})).toEqual(newest)
    expect(await list({}, { limit: 5 })).toEqual(newest.slice(0, 5))
    expect(await list({}, { limit: 0 })).toEqual([])
    expect(await list({}, { before: at('x', '', ids[4]), limit: 3 })).toEqual([ids[3], ids[2], ids[1]])
    expect(await list({}, { filter: { source: 'update', tags: { n: 1 } }, limit: 2 })).toEqual([
      ids[11],
      ids[9],
    ])
    expect(await list({}, { filter: { source: 'update', step: 3 } })).toEqual([ids[3]])
    expect(await list({}, { filter: { nothing: 'like it' } })).toEqual([])
    expect(await list({ configurable: { checkpoint_ns: 'sub' } })).toEqual([ids[11], ids[7], ids[3]])
    expect(await list({ configurable: { thread_id: 'thread-1' } })).toEqual([ids[10], ids[7], ids[4], ids[1]])
    expect(await list(at('thread-1', '', ids[4]))).toEqual([ids[4]])
    expect(await list(at('nobody'))).toEqual([])
  })

  test('is in the order of ids, not of time', async () => {
    const saver = context.open()
    const ids = [nextId(), nextId(), nextId()]
    for (const id of [ids[1]!, ids[2]!, ids[0]!])
      await saver.put(at('t'), checkpointOf({}, {}, id), metadataOf('update', 0), {})
    for (const one of [saver, context.open()]) {
      expect((await listed(one, at('t'))).map(({ checkpoint }) => checkpoint.id)).toEqual(ids.toReversed())
      expect(idOf((await one.getTuple(at('t')))?.config)).toBe(ids[2])
    }
  })

  test('shows threads, and only threads', async () => {
    const store = new GitSessionStore(context.folder)
    await store.save(newSession('a-session'))
    const saver = context.open()
    const long = `${'x'.repeat(300)} A/ü`
    for (const thread of ['plain', 'with space/and:more', long, '__proto__'])
      await new Run(saver, at(thread)).put({ n: 1 }, 'input')
    const threads = (await listed(context.open(), {})).map(({ config }) => config.configurable?.thread_id)
    expect(threads.sort()).toEqual(['__proto__', 'plain', 'with space/and:more', long].sort())
    await store.close()
  })
})

describe('a thread', () => {
  test('is deleted with everything, and may begin again', async () => {
    const saver = context.open()
    for (const thread of ['t', 'other']) {
      const run = new Run(saver, at(thread))
      const first = await run.put({ messages: [{ n: 1 }] }, 'input')
      await run.put({ n: 2 })
      await (await Run.at(saver, first)).put({ n: 3 }, 'update')
      await new Run(saver, at(thread, 'sub')).put({ n: 1 }, 'input')
      await saver.putWrites(first, [['n', 1]], 'task')
      await saver.store.tag(thread, 'kept')
    }
    const second = context.open()
    expect(await second.getTuple(at('t'))).toBeDefined()
    await saver.deleteThread('t')
    expect(context.git('for-each-ref')).not.toContain('/t/')
    for (const one of [saver, second, context.open()]) {
      expect(await one.getTuple(at('t'))).toBeUndefined()
      expect(await one.getTuple(at('t', 'sub'))).toBeUndefined()
      expect(await listed(one, at('t'))).toEqual([])
      expect(await listed(one, { configurable: { thread_id: 'other' } })).toHaveLength(4)
    }
    await saver.store.maintain({ purge: true })
    await new Run(second, at('t')).put({ messages: [{ n: 1 }] }, 'input')
    const tuple = await saver.getTuple(at('t'))
    expect(tuple?.checkpoint.channel_values).toEqual({ messages: [{ n: 1 }] })
    expect(tuple?.pendingWrites).toEqual([])
    await saver.deleteThread('nobody')
    expect(await saver.store.verify()).toMatchObject({ ok: true })
  })

  test('of which there are only writes, or only other namespaces, is deleted too', async () => {
    const saver = context.open()
    await saver.putWrites(at('w', '', nextId()), [['a', 1]], 'task')
    await new Run(saver, at('n', 'sub')).put({ n: 1 }, 'input')
    await saver.deleteThread('w')
    await saver.deleteThread('n')
    expect(context.git('for-each-ref', 'refs/heads')).toBe('')
  })

  test('that is a session of another type is refused, by every method', async () => {
    const store = new GitSessionStore(context.folder)
    await store.save(newSession('mine'))
    const saver = context.open()
    const calls = [
      () => saver.getTuple(at('mine')),
      () => saver.put(at('mine'), checkpointOf({}, {}), metadataOf('input', -1), {}),
      () => saver.putWrites(at('mine', '', nextId()), [['a', 1]], 'task'),
      () => saver.put(at('mine', 'sub'), checkpointOf({}, {}), metadataOf('input', -1), {}),
      () => saver.deleteThread('mine'),
      () => listed(saver, at('mine')),
      () => saver.configAt('mine', 'main'),
    ]
    for (const call of calls) await expect(call()).rejects.toBeInstanceOf(InvalidStateError)
    await new Run(saver, at('thread')).put({ n: 1 }, 'input')
    await expect(store.append('thread', { messages: [] })).rejects.toBeInstanceOf(InvalidStateError)
    expect(context.git('for-each-ref', '--format=%(refname)', 'refs/heads/mine').trim()).toBe(
      'refs/heads/mine/main',
    )
    await store.close()
  })

  test('needs a name', async () => {
    const saver = context.open()
    for (const thread_id of ['', 7, null, 'a\nb']) {
      const config = { configurable: { thread_id } }
      await expect(
        saver.put(config, checkpointOf({}, {}), metadataOf('input', -1), {}),
      ).rejects.toBeInstanceOf(InvalidIdError)
      await expect(saver.getTuple(config)).rejects.toBeInstanceOf(InvalidIdError)
    }
    const { id: _, ...nameless } = checkpointOf({}, {})
    await expect(saver.put(at('t'), nameless as never, metadataOf('input', -1), {})).rejects.toBeInstanceOf(
      InvalidIdError,
    )
    await expect(saver.deleteThread('')).rejects.toBeInstanceOf(InvalidIdError)
    expect(await saver.getTuple({})).toBeUndefined()
  })
})

describe('a saver', () => {
  test('closes its own store, and leaves one that it was given open', async () => {
    const store = new GitSessionStore(context.folder)
    const { ForkpointSaver } = await import('../../../src/adapters/langgraph/index.ts')
    const saver = new ForkpointSaver(store)
    const run = new Run(saver, at('t'))
    const put = run.put({ n: 1 }, 'input')
    await saver.close()
    await put
    await expect(saver.getTuple(at('t'))).rejects.toBeInstanceOf(SessionClosedError)
    await expect(listed(saver, at('t'))).rejects.toBeInstanceOf(SessionClosedError)
    await expect(run.put({ n: 2 })).rejects.toBeInstanceOf(SessionClosedError)
    expect((await listed(context.open(), {})).length).toBe(1)
    expect(await store.exists('t')).toBe(true)
    await store.close()
  })

  test('refuses options that mean nothing', () => {
    expect(() => context.open({ onConflict: 'ignore' as never })).toThrow(TypeError)
    expect(() => context.open({ onBranch: 'x' as never })).toThrow(TypeError)
  })

  test('reads what it never wrote as nothing', async () => {
    const saver = context.open()
    expect(await saver.getTuple(at('t'))).toBeUndefined()
    expect(await listed(saver, {})).toEqual([])
    await saver.deleteThread('t')
    expect(await saver.getDeltaChannelHistory({ config: at('t'), channels: ['a'] })).toEqual({
      a: { writes: [] },
    })
  })

  test('walks the changes of a channel past a fork, by parents', async () => {
    const saver = context.open()
    const run = new Run(saver, at('t'))
    const first = await run.put({ messages: new DeltaSnapshot([0]), other: 1 }, 'input')
    await saver.putWrites(
      first,
      [
        ['messages', [1]],
        ['other', 'x'],
      ],
      'task',
    )
    await run.put({ messages: undefined })
    await saver.putWrites(run.config, [['messages', ['main']]], 'task')
    const fork = await Run.at(saver, first)
    await fork.put({ messages: undefined }, 'update')
    await saver.putWrites(fork.config, [['messages', ['b']]], 'task-b', 'b')
    await saver.putWrites(fork.config, [['messages', ['a']]], 'task-c', 'a')
    await fork.put({ more: 1 })
    const config = fork.config
    const history = await context.open().getDeltaChannelHistory({ config, channels: ['messages', 'none'] })
    expect(history.none).toEqual({ writes: [] })
    expect(history.messages!.writes.map(([, , value]) => value)).toEqual([[1], ['a'], ['b']])
    expect((history.messages!.seed as DeltaSnapshot).value).toEqual([0])
  })
})
