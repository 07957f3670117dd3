import { type AgentInputItem, MemorySession, type RunContext, UserError } from '@openai/agents-core'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ForkpointAgentsSession } from '../../../src/adapters/openai-agents/index.ts'
import { checkpointsOf } from '../../../src/checkpoints/of-store.ts'
import { ConflictError, InvalidStateError, SessionClosedError } from '../../../src/errors.ts'
import { newSession } from '../../../src/state/index.ts'
import { GitSessionStore } from '../../../src/store/git/git-session-store.ts'
import { assistant, git, newFolder, subjects, user } from './context.ts'

const append = (operationId: string, ...items: AgentInputItem[]) => ({
  operationId,
  transaction: { type: 'append_items' as const, items },
})
const replace = (operationId: string, expectedSuffix: AgentInputItem[], replacement: AgentInputItem[]) => ({
  operationId,
  transaction: { type: 'replace_suffix' as const, expectedSuffix, replacement },
})
const call = (callId: string, args = '{}'): Extract<AgentInputItem, { type: 'function_call' }> => ({
  type: 'function_call',
  callId,
  name: 'weather',
  status: 'completed',
  arguments: args,
})
const textOf = (item: AgentInputItem) => (item as { content: unknown }).content
const newAgentsSession = async (sessionId = 's') =>
  new ForkpointAgentsSession({ store: await newFolder(), sessionId })

describe('the Session interface', () => {
  test('a session that was never written is empty, and looking at it writes nothing', async () => {
    const store = new GitSessionStore(await newFolder())
    const session = new ForkpointAgentsSession({ store, sessionId: 's' })
    expect(await session.getSessionId()).toBe('s')
    expect(await session.getItems()).toEqual([])
    expect(await session.getItems(3)).toEqual([])
    expect(await session.popItem()).toBeUndefined()
    await session.clearSession()
    await session.addItems([])
    await session.applyHistoryMutations({ mutations: [] })
    expect(await session.loadRunState(undefined as never)).toBeUndefined()
    expect(await store.exists('s')).toBe(false)
    await store.close()
  })

  test('without an id it gets one of its own', async () => {
    const folder = await newFolder()
    const [a, b] = [
      new ForkpointAgentsSession({ store: folder }),
      new ForkpointAgentsSession({ store: folder }),
    ]
    expect(await a.getSessionId()).toMatch(/^[0-9a-f-]{36}$/)
    expect(await a.getSessionId()).toBe(await a.getSessionId())
    expect(await a.getSessionId()).not.toBe(await b.getSessionId())
    await Promise.all([a.close(), b.close()])
  })

  test('limits mean what they mean to MemorySession', async () => {
    const session = await newAgentsSession()
    const items = Array.from({ length: 250 }, (_, index) => user(`question ${index}`))
    const memory = new MemorySession({ initialItems: items })
    await session.addItems(items)
    for (const limit of [
      undefined,
      0,
      -1,
      1,
      2.5,
      49,
      50,
      51,
      150,
      249,
      250,
      251,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]) {
      expect(await session.getItems(limit), String(limit)).toEqual(await memory.getItems(limit))
    }
    await session.close()
  })

  test('items with the same id stay two items', async () => {
    const session = await newAgentsSession()
    const one = { ...assistant('one'), id: 'msg_1' } as AgentInputItem
    const two = { ...assistant('two'), id: 'msg_1' } as AgentInputItem
    await session.addItems([one, two])
    await session.addItems([one])
    expect(await session.getItems()).toEqual([one, two, one])
    await session.close()
  })

  test('what is odd in an item comes back, and what is given or returned can be changed', async () => {
    const session = await newAgentsSession()
    const odd = {
      role: 'user',
      content: 'a\nb',
      providerData: {
        ...JSON.parse('{"__proto__": {"a": 1}}'),
        $bytes: 'AAAA',
        $$bytes: { $bytes: 1 },
        $lines: ['x'],
        $file: 'y',
        zero: -0,
        half: '\ud800',
        none: null,
        image: new Uint8Array([1, 2, 255]),
        empty: new Uint8Array(),
        big: new Uint8Array(10_000).fill(7),
        buffer: Buffer.from('part of a larger one'),
        b: 1,
        a: 2,
      },
    }
    const given = {
      ...odd,
      providerData: { ...odd.providerData, gone: undefined },
    } as unknown as AgentInputItem
    const adding = session.addItems([given])
    ;(given as { content: string }).content = 'changed'
    await adding
    const expected = {
      ...odd,
      providerData: { ...odd.providerData, buffer: new Uint8Array(odd.providerData.buffer) },
    }
    const [first] = await session.getItems()
    expect(first).toStrictEqual(expected)
    expect(Object.keys((first as typeof odd).providerData)).toEqual(Object.keys(odd.providerData))
    ;(first as { content: string }).content = 'changed'
    expect(await session.popItem()).toStrictEqual(expected)
    await session.close()
  })

  test('what JSON has another form for is kept in that form, bytes as bytes', async () => {
    const session = await newAgentsSession()
    const providerData = {
      when: new Date(0),
      mean: Number.NaN,
      url: new URL('https://example.org'),
      list: [undefined, () => 1],
      map: new Map([['a', 1]]),
      bytes: Buffer.from('abc'),
    }
    await session.addItems([{ ...user('x'), providerData } as AgentInputItem])
    expect(await session.getItems()).toEqual([
      {
        ...user('x'),
        providerData: {
          when: '1970-01-01T00:00:00.000Z',
          mean: null,
          url: 'https://example.org/',
          list: [null, null],
          map: {},
          bytes: new Uint8Array([97, 98, 99]),
        },
      },
    ])
    await session.close()
  })

  test('what JSON cannot hold is refused with its place, and nothing is written', async () => {
    const session = await newAgentsSession()
    await session.addItems([user('a')])
    const circle: Record<string, unknown> = { role: 'user', content: 'x' }
    circle.self = circle
    for (const bad of [{ ...user('x'), n: 1n }, circle]) {
      await expect(session.addItems([bad as AgentInputItem])).rejects.toThrow(InvalidStateError)
    }
    expect(await session.getItems()).toEqual([user('a')])
    await session.close()
  })

  test('calls on one object take effect in the order in which they were made', async () => {
    const session = await newAgentsSession()
    const [, , popped, , , items] = await Promise.all([
      session.addItems([user('a'), user('b')]),
      session.addItems([user('c')]),
      session.popItem(),
      session.applyHistoryTransaction(append('op', user('d'))),
      session.addItems([user('e')]),
      session.getItems(),
      session.addItems([user('f')]),
    ])
    expect(popped).toEqual(user('c'))
    expect(items.map(textOf)).toEqual(['a', 'b', 'd', 'e'])
    await session.close()
  })

  test('popItem takes one after the other, over the border of a folder', async () => {
    const session = await newAgentsSession()
    await session.addItems(Array.from({ length: 102 }, (_, n) => user(`${n}`)))
    for (const n of [101, 100, 99]) expect(await session.popItem()).toEqual(user(`${n}`))
    expect(await session.getItems(1)).toEqual([user('98')])
    await session.addItems([user('new'), user('newer')])
    expect((await session.getItems(3)).map(textOf)).toEqual(['98', 'new', 'newer'])
    await session.close()
  })

  test('clearSession leaves an empty session, and its past', async () => {
    const folder = await newFolder()
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    await session.addItems([user('a'), assistant('b')])
    await session.applyHistoryTransaction(append('op', user('c')))
    await session.clearSession()
    await session.clearSession()
    expect(await session.getItems()).toEqual([])
    expect(await session.at('main~1').getItems()).toHaveLength(3)
    // A new session remembers no operations.
    await session.applyHistoryTransaction(append('op', user('other')))
    expect(await session.getItems()).toEqual([user('other')])
    expect(subjects(folder, 's/main')).toEqual(['user: other', 'clear 3 items', 'user: c', 'user: a'])
    await session.close()
  })

  test('a random life is the one that MemorySession has, reopened now and then', async () => {
    const item = fc.oneof(
      fc.string({ maxLength: 5 }).map(user),
      fc.string({ maxLength: 5 }).map(assistant),
      fc
        .record({ n: fc.integer({ min: 0, max: 3 }), args: fc.constantFrom('{}', '{"a":1}') })
        .map(({ n, args }) => call(`c${n}`, args)),
    )
    const list = fc.array(item, { maxLength: 4 })
    const step = fc.oneof(
      { weight: 4, arbitrary: list.map((items) => ['add', items] as const) },
      fc.constant(['pop'] as const),
      fc.constantFrom(0, 1, 2, 5, undefined).map((limit) => ['get', limit] as const),
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom('1', '2', '3', ' '), list)
          .map(([id, items]) => ['append', id, items] as const),
      },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom('4', '5', '6'), fc.nat(3), fc.boolean(), list)
          .map(([id, size, right, items]) => ['replace', id, size, right, items] as const),
      },
      fc.integer({ min: 0, max: 3 }).map((n) => ['rewrite', `c${n}`] as const),
      fc.constant(['reopen'] as const),
      { weight: 1, arbitrary: fc.constant(['clear'] as const) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const folder = await newFolder()
        const memory = new MemorySession({ sessionId: 's' })
        let ours = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
        const both = async (work: (session: MemorySession | ForkpointAgentsSession) => Promise<unknown>) => {
          const [a, b] = await Promise.all(
            [memory, ours].map((session) =>
              work(session).catch((error: Error) => [error.constructor.name, error.message]),
            ),
          )
          expect(b).toEqual(a)
        }
        for (const [kind, ...rest] of steps) {
          if (kind === 'add') await both((session) => session.addItems(rest[0] as AgentInputItem[]))
          if (kind === 'pop') await both((session) => session.popItem())
          if (kind === 'get') await both((session) => session.getItems(rest[0] as number | undefined))
          if (kind === 'clear') await both((session) => session.clearSession())
          if (kind === 'append')
            await both((session) =>
              session.applyHistoryTransaction(append(rest[0] as string, ...(rest[1] as AgentInputItem[]))),
            )
          if (kind === 'rewrite') {
            const callId = rest[0] as string
            const mutation = {
              type: 'replace_function_call' as const,
              callId,
              replacement: call(callId, '{"new":1}'),
            }
            await both((session) => session.applyHistoryMutations({ mutations: [mutation] }))
          }
          if (kind === 'replace') {
            const [id, size, right, items] = rest as [string, number, boolean, AgentInputItem[]]
            const suffix = right ? await memory.getItems(size) : [user('nobody said this')]
            await both((session) => session.applyHistoryTransaction(replace(id, suffix, items)))
          }
          if (kind === 'reopen') {
            await ours.close()
            ours = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
          }
          await both((session) => session.getItems())
        }
        if (await ours.store.exists('s')) expect((await ours.store.verify()).problems).toEqual([])
        await ours.close()
      }),
      { numRuns: process.env.FORKPOINT_SOAK === '1' ? 500 : 50 },
    )
  }, 300_000)
})

describe('history transactions', () => {
  test('an operation is applied once, whatever the order of keys, also by another object and after a restart', async () => {
    const folder = await newFolder()
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    await session.applyHistoryTransaction(append('op', user('a')))
    await session.applyHistoryTransaction(append('op', { content: 'a', role: 'user', type: 'message' }))
    await session.close()
    const again = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    await again.applyHistoryTransaction(append('op', user('a')))
    expect(await again.getItems()).toEqual([user('a')])
    const other = again.applyHistoryTransaction(append('op', user('b')))
    await expect(other).rejects.toThrow(UserError)
    await expect(other).rejects.toMatchObject({ cause: expect.any(ConflictError) })
    await expect(again.applyHistoryTransaction(replace('op', [user('a')], []))).rejects.toThrow(UserError)
    expect(await again.getItems()).toEqual([user('a')])
    expect(subjects(folder, 's/main')).toHaveLength(1)
    await again.close()
  })

  test('more than a thousand operations later the first is still known', async () => {
    const folder = await newFolder()
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    for (let n = 0; n < 1_050; n++) await session.applyHistoryTransaction(append(`op ${n}`, user(`${n}`)))
    await session.close()
    const again = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    await again.applyHistoryTransaction(append('op 0', user('0')))
    await expect(again.applyHistoryTransaction(append('op 99', user('x')))).rejects.toThrow(UserError)
    expect(await again.getItems()).toHaveLength(1_050)
    await again.close()
  })

  test('a suffix that does not match leaves everything as it was, its operation id too', async () => {
    const session = await newAgentsSession()
    await session.addItems([user('a'), assistant('b')])
    const wrong = session.applyHistoryTransaction(replace('op', [assistant('x')], []))
    await expect(wrong).rejects.toThrow('Session history suffix no longer matches')
    await expect(wrong).rejects.toMatchObject({ cause: expect.any(ConflictError) })
    await expect(
      session.applyHistoryTransaction(replace('op', [user('z'), user('a'), assistant('b')], [])),
    ).rejects.toThrow(UserError)
    await session.applyHistoryTransaction(replace('op', [assistant('b')], [assistant('c'), assistant('d')]))
    expect(await session.getItems()).toEqual([user('a'), assistant('c'), assistant('d')])
    await session.close()
  })

  test('what is no transaction is the UserError that MemorySession throws', async () => {
    const session = await newAgentsSession()
    const memory = new MemorySession()
    const bad: unknown[] = [
      undefined,
      null,
      {},
      append('', user('a')),
      append('  ', user('a')),
      { operationId: 'x', transaction: null },
      { operationId: 'x', transaction: { type: 'append_items' } },
      { operationId: 'x', transaction: { type: 'append_items', items: [], more: 1 } },
      { operationId: 'x', transaction: { type: 'other', items: [] } },
      { operationId: 'x', transaction: { type: 'replace_suffix', replacement: [] } },
      { operationId: 'x', transaction: { type: 'replace_suffix', expectedSuffix: 1, replacement: [] } },
      append('x', { role: 'nobody' } as never),
      append('x', { ...user('a'), providerData: { f: () => 1 } } as never),
      {
        get operationId() {
          throw new Error('no')
        },
      },
    ]
    for (const args of bad) {
      const error = await memory.applyHistoryTransaction(args as never).catch((thrown: Error) => thrown)
      const ours = await session.applyHistoryTransaction(args as never).catch((thrown: Error) => thrown)
      expect(error).toBeInstanceOf(UserError)
      expect([(ours as Error).constructor, (ours as Error).message]).toEqual([
        UserError,
        (error as Error).message,
      ])
    }
    await session.close()
  })

  test('two objects that retry one operation at the same time apply it once', async () => {
    const store = new GitSessionStore(await newFolder())
    const sessions = Array.from({ length: 5 }, () => new ForkpointAgentsSession({ store, sessionId: 's' }))
    await Promise.all(sessions.map((session) => session.applyHistoryTransaction(append('op', user('a')))))
    expect(await sessions[0]!.getItems()).toEqual([user('a')])
    await store.close()
  })
})

describe('compaction', () => {
  const compaction = { type: 'compaction', encrypted_content: 'xyz' } as unknown as AgentInputItem

  test('takes the place of everything, which stays in the checkpoint before', async () => {
    const folder = await newFolder()
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 's' })
    await session.addItems(Array.from({ length: 150 }, (_, n) => user(`${n}`)))
    await session.replaceHistoryWithCompaction([compaction, assistant('kept')])
    expect(await session.getItems()).toEqual([compaction, assistant('kept')])
    expect(await session.at('main~1').getItems()).toHaveLength(150)
    expect(subjects(folder, 's/main')[0]).toBe('compact 150 items to 2')
    expect('runCompaction' in session).toBe(false)
    await session.close()
  })

  test('is refused when somebody has written since', async () => {
    const store = new GitSessionStore(await newFolder())
    const [a, b] = ['s', 's'].map((sessionId) => new ForkpointAgentsSession({ store, sessionId }))
    await a!.addItems([user('a')])
    await b!.addItems([user('b')])
    await expect(a!.replaceHistoryWithCompaction([compaction])).rejects.toThrow(ConflictError)
    expect(await a!.getItems()).toEqual([user('a'), user('b')])
    await a!.replaceHistoryWithCompaction([compaction])
    expect(await b!.getItems()).toEqual([compaction])
    await store.close()
  })
})

describe('the store behind it', () => {
  test('a session of another type is refused, by its name', async () => {
    const store = new GitSessionStore(await newFolder())
    await store.save(newSession('s'))
    const session = new ForkpointAgentsSession({ store, sessionId: 's' })
    const calls = [
      () => session.getItems(),
      () => session.getItems(1),
      () => session.addItems([user('a')]),
      () => session.popItem(),
      () => session.clearSession(),
      () => session.applyHistoryTransaction(append('op', user('a'))),
      () => session.replaceHistoryWithCompaction([user('a')]),
      () => session.clearRunState(),
    ]
    for (const attempt of calls) await expect(attempt()).rejects.toThrow(InvalidStateError)
    await expect(session.getItems()).rejects.toThrow("'session'")
    const ours = new ForkpointAgentsSession({ store, sessionId: 'ours' })
    await ours.addItems([user('a')])
    await expect(store.load('ours')).rejects.toThrow(InvalidStateError)
    await store.close()
  })

  test('what redact takes away never reaches the disk: items, title, subject, run states', async () => {
    const folder = await newFolder()
    const redact = (value: unknown) => {
      if (typeof value === 'string') return value.replaceAll('hunter2', '[secret]')
      return (value as { drop?: boolean } | null)?.drop === true ? undefined : value
    }
    const store = new GitSessionStore(folder, { redact })
    const session = new ForkpointAgentsSession({ store, sessionId: 's' })
    const secret = user('my password is hunter2')
    await session.addItems([secret, { ...user('x'), drop: true } as never, assistant('hunter2, noted')])
    await session.applyHistoryTransaction(append('op hunter2', secret))
    await session.applyHistoryTransaction(append('op hunter2', secret))
    // The Runner compares with what it has in hand.
    await session.applyHistoryTransaction(replace('op 2', [secret], [assistant('hunter2')]))
    expect(await session.getItems()).toEqual([
      user('my password is [secret]'),
      assistant('[secret], noted'),
      assistant('[secret]'),
    ])
    expect(session.prepareHistoryItemsForPersistenceComparison([secret])).toEqual([
      user('my password is [secret]'),
    ])
    await store.close()
    const all = git(folder, 'log', '-p', '--all')
    expect(all).toContain('[secret]')
    expect(all).not.toContain('hunter2')
  })

  test('a store that was given stays open, one of a folder is closed', async () => {
    const store = new GitSessionStore(await newFolder())
    const [a, b] = ['a', 'b'].map((sessionId) => new ForkpointAgentsSession({ store, sessionId }))
    const adding = a!.addItems([user('a')])
    await a!.close()
    await adding
    await expect(a!.getItems()).rejects.toThrow(SessionClosedError)
    await expect(a!.addItems([user('b')])).rejects.toThrow(SessionClosedError)
    await b!.addItems([user('b')])
    await store.close()
    await expect(b!.getItems()).rejects.toThrow(SessionClosedError)
    const own = await newAgentsSession()
    await own.addItems([user('a')])
    await own.close()
    await expect(own.getItems()).rejects.toThrow(SessionClosedError)
  })

  test('bad arguments are told at once', async () => {
    expect(() => new ForkpointAgentsSession({ store: 3 as never })).toThrow(TypeError)
    expect(() => new ForkpointAgentsSession({ store: 'x', sessionId: '' })).toThrow('session name')
    expect(() => new ForkpointAgentsSession({ store: 'x', branch: 'a~b' })).toThrow('branch name')
  })

  test('the run context is taken by every call', async () => {
    const session = await newAgentsSession()
    const context = {} as RunContext
    expect(session.acceptsRunContext).toBe(true)
    await session.addItems([user('a')], context)
    expect(await session.getItems(undefined, context)).toEqual([user('a')])
    await session.replaceHistoryWithCompaction([user('b')], context)
    await session.applyHistoryTransaction(append('op', user('c')), context)
    expect(await session.popItem(context)).toEqual(user('c'))
    await session.clearSession(context)
    expect(await session.getItems(1, context)).toEqual([])
    await session.close()
  })

  test('adding rewrites little, and reads nothing of what is there, whatever the length', async () => {
    const folder = await newFolder()
    const short = new ForkpointAgentsSession({ store: folder, sessionId: 'short' })
    await short.addItems(Array.from({ length: 10 }, (_, n) => user(`${n}`)))
    const long = new ForkpointAgentsSession({ store: folder, sessionId: 'long' })
    await long.addItems(Array.from({ length: 10_000 }, (_, n) => user(`${n} ${'x'.repeat(300)}`)))
    await Promise.all([short.close(), long.close()])
    const store = new GitSessionStore(folder)
    let blobs = 0
    const { objects } = checkpointsOf(store)
    const readMany = objects.readMany.bind(objects) as (...args: unknown[]) => Promise<never>
    vi.spyOn(objects, 'readMany').mockImplementation((ids, ...visit) => {
      const all = [...ids]
      blobs += all.length
      return readMany(all, ...visit)
    })
    for (const sessionId of ['short', 'long']) {
      const session = new ForkpointAgentsSession({ store, sessionId })
      blobs = 0
      await session.addItems([user('one more'), assistant('yes')])
      expect(blobs, sessionId).toBe(0)
      expect(await session.getItems(2)).toEqual([user('one more'), assistant('yes')])
      expect(blobs, sessionId).toBe(2)
    }
    const sizes = ['short', 'long'].map((session) =>
      git(
        folder,
        'rev-list',
        '--objects',
        '--disk-usage',
        `refs/heads/${session}/main`,
        `^refs/heads/${session}/main~1`,
      ),
    )
    expect(Number(sizes[1])).toBeLessThan(Number(sizes[0]) + 8_000)
    await store.close()
  })
})

test('more than ten thousand items are kept, and taken back across the border', async () => {
  const store = await newFolder()
  const session = new ForkpointAgentsSession({ store, sessionId: 's' })
  const items = Array.from({ length: 10_150 }, (_, n) => user(`item ${n}`))
  await session.addItems(items)
  expect(await session.getItems(2)).toEqual(items.slice(-2))
  const suffix = items.slice(9990)
  await session.applyHistoryTransaction(replace('op', suffix, [user('instead')]))
  expect(await session.getItems()).toEqual([...items.slice(0, 9990), user('instead')])
  expect(git(store, 'ls-tree', '--name-only', 's/main:messages').trim().split('\n')).toHaveLength(100)
  await session.addItems(items.slice(0, 20))
  expect(await session.getItems(11)).toEqual(items.slice(9, 20))
})
