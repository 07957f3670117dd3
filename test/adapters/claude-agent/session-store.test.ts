/** The SDK's `SessionStore`, as its type declarations describe it. */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SessionStore, SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk'
import { foldSessionSummary, InMemorySessionStore } from '@anthropic-ai/claude-agent-sdk'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { ForkpointClaudeStore } from '../../../src/adapters/claude-agent/index.ts'
import {
  GitSessionStore,
  InvalidIdError,
  InvalidStateError,
  NotFoundError,
  newSession,
  SessionClosedError,
} from '../../../src/index.ts'
import {
  Conversation,
  git,
  newFolder,
  newKey,
  newStore,
  newStoreFolder,
  PROJECT,
  subjects,
} from './context.ts'

test('it is a SessionStore with everything that is optional', async () => {
  expectTypeOf<ForkpointClaudeStore>().toExtend<Required<SessionStore>>()
  expect(() => new ForkpointClaudeStore(7 as never)).toThrow(TypeError)
})

describe('append and load', () => {
  test('entries come back as they were appended, in order', async () => {
    const [store, key] = [await newStore(), newKey()]
    const talk = new Conversation(key.sessionId)
    const odd = {
      type: 'attachment',
      uuid: randomUUID(),
      text: 'two\nlines',
      big: 'x'.repeat(70_000),
      image: Buffer.alloc(9000, 7).toString('base64'),
      $file: 'mine',
      nested: { b: 1, a: [null, -1.5, { ['__proto__']: 'x' }], '': {} },
    }
    const entries = [...talk.turn('one'), odd, ...talk.turn('two')]
    await store.append(key, entries.slice(0, 4))
    await store.append(key, entries.slice(4))
    const loaded = await store.load(key)
    expect(loaded).toEqual(entries)
    expect(JSON.stringify(loaded)).toBe(JSON.stringify(entries))
    expect(await (await newStore(store.store.folder)).load(key)).toEqual(entries)
    expect((await store.store.verify()).problems).toEqual([])
  })

  test('what was never written is null, also after an append of nothing', async () => {
    const [store, key] = [await newStore(), newKey()]
    expect(await store.load(key)).toBeNull()
    await store.append(key, [])
    expect(await store.load(key)).toBeNull()
    expect(await store.listSessions(PROJECT)).toEqual([])
    await store.append(key, [{ type: 'mode', mode: 'normal' }])
    const [before] = await store.listSessions(PROJECT)
    await store.append(key, [])
    expect(await store.listSessions(PROJECT)).toEqual([before])
    expect(await store.load({ ...key, subpath: 'subagents/agent-x' })).toBeNull()
    expect(await store.load({ ...key, projectKey: 'other' })).toBeNull()
  })

  test('appends that are not awaited are kept in the order of the calls', async () => {
    const [store, key] = [await newStore(), newKey()]
    const entries = Array.from({ length: 60 }, (_, n) => ({ type: 'user', uuid: randomUUID(), n }))
    await Promise.all(entries.map((entry) => store.append(key, [entry])))
    expect(await store.load(key)).toEqual(entries)
  })

  test('what is changed after the call is not what is stored', async () => {
    const [store, key] = [await newStore(), newKey()]
    const entry = { type: 'user', uuid: randomUUID(), text: 'before' }
    const entries = [entry]
    const appended = store.append(key, entries)
    entry.text = 'after'
    entries.push({ ...entry })
    await appended
    expect(await store.load(key)).toMatchObject([{ text: 'before' }])
  })

  test('what is no entry is refused, and nothing is stored', async () => {
    const [store, key] = [await newStore(), newKey()]
    const circle: Record<string, unknown> = { type: 'user' }
    circle.self = circle
    for (const bad of ['text', null, [], circle, { type: 'user', big: 1n }]) {
      await expect(store.append(key, [{ type: 'mode' }, bad as never])).rejects.toBeInstanceOf(
        InvalidStateError,
      )
    }
    await expect(store.append(key, 'entries' as never)).rejects.toBeInstanceOf(TypeError)
    expect(await store.load(key)).toBeNull()
  })
})

describe('uuid', () => {
  test('an entry that is there is not stored again, in this process or a later one', async () => {
    const [folder, key] = [await newStoreFolder(), newKey()]
    const store = await newStore(folder)
    const talk = new Conversation(key.sessionId)
    const entries = [...talk.turn('one'), ...talk.turn('two')].filter(({ uuid }) => uuid !== undefined)
    await store.append(key, entries)
    const before = git(folder, 'rev-parse', `refs/heads/${gitName(key)}/main`)
    await store.append(key, entries)
    await store.append(key, [...entries].reverse())
    const later = await newStore(folder)
    await later.append(key, entries.slice(3))
    expect(git(folder, 'rev-parse', `refs/heads/${gitName(key)}/main`)).toBe(before)
    const more = talk.turn('three')
    await later.append(key, [...entries, ...more])
    expect(await later.load(key)).toEqual([...entries, ...more])
    expect(await store.load(key)).toEqual([...entries, ...more])
    await store.append(key, [more[0]!])
    expect(await store.load(key)).toEqual([...entries, ...more])
  })

  test('entries without one are stored as often as they come', async () => {
    const [store, key] = [await newStore(), newKey()]
    const title = { type: 'custom-title', customTitle: 'A' }
    await store.append(key, [title, title])
    await store.append(key, [title, { type: 'x', uuid: '' } as SessionStoreEntry])
    expect(await store.load(key)).toHaveLength(4)
  })

  test('the same in one batch is one entry; the last one counts', async () => {
    const [store, key] = [await newStore(), newKey()]
    const uuid = randomUUID()
    await store.append(key, [{ type: 'user', uuid, n: 1 }, { type: 'mode' }, { type: 'user', uuid, n: 2 }])
    expect(await store.load(key)).toEqual([{ type: 'user', uuid, n: 2 }, { type: 'mode' }])
  })

  test('another entry with it takes the place of the first, which stays in the history', async () => {
    const [store, key] = [await newStore(), newKey()]
    const talk = new Conversation(key.sessionId)
    const entries = talk.turn('one')
    await store.append(key, entries)
    const first = { ...entries[1]!, type: 'longer-name', text: 'y'.repeat(70_000) }
    await store.append(key, [first, ...talk.turn('two').slice(0, 1)])
    expect((await store.load(key))!.slice(0, 5)).toEqual([entries[0], first, ...entries.slice(2)])
    await store.append(key, [entries[1]!])
    expect((await store.load(key))!.slice(0, 5)).toEqual(entries)
    const [, , oldest] = await allCheckpoints(store, key)
    expect(await store.load(key, { at: oldest! })).toEqual(entries)
    expect((await store.store.verify()).problems).toEqual([])
    // The order of keys is not what makes an entry another one.
    const reordered = Object.fromEntries(Object.entries(entries[1]!).reverse()) as SessionStoreEntry
    const { mtime } = (await store.listSessions(PROJECT))[0]!
    await store.append(key, [reordered])
    expect((await store.listSessions(PROJECT))[0]!.mtime).toBe(mtime)
  })

  test('a session may have any text as uuid', async () => {
    const [store, key] = [await newStore(), newKey()]
    const uuids = ['a', 'A', '../x', 'é\u0000', '\ud800', 'x'.repeat(5000)]
    const entries = uuids.map((uuid) => ({ type: '../ÄÖ', uuid }))
    await store.append(key, entries)
    await store.append(key, entries)
    expect(await store.load(key)).toEqual(entries)
    expect((await store.store.verify()).problems).toEqual([])
  })
})

describe('lists', () => {
  test('mtime is the time of writing here, of lists and summaries alike', async () => {
    const folder = await newStoreFolder()
    let now = 1_900_000_000_000.7
    const store = new ForkpointClaudeStore(new GitSessionStore(folder, { now: () => now }))
    const [one, two] = [newKey(), newKey()]
    await store.append(one, new Conversation(one.sessionId).turn('one'))
    now += 5000
    await store.append(two, new Conversation(two.sessionId).turn('two'))
    now += 5000
    await store.append({ ...two, subpath: 'subagents/agent-a' }, [{ type: 'agent_metadata' }])
    const listed = await store.listSessions(PROJECT)
    expect(new Map(listed.map(({ sessionId, mtime }) => [sessionId, mtime]))).toEqual(
      new Map([
        [one.sessionId, 1_900_000_000_000],
        [two.sessionId, 1_900_000_005_000],
      ]),
    )
    const summaries = await store.listSessionSummaries(PROJECT)
    expect(summaries.map(({ sessionId, mtime }) => ({ sessionId, mtime }))).toEqual(listed)
    expect(await store.listSessions('another')).toEqual([])
    expect(await store.listSessionSummaries('another')).toEqual([])
  })

  test('a clock that goes back does not make a session older', async () => {
    let now = 1_900_000_000_000
    const store = new ForkpointClaudeStore(new GitSessionStore(await newStoreFolder(), { now: () => now }))
    const key = newKey()
    await store.append(key, [{ type: 'mode' }])
    now -= 60_000
    await store.append(key, [{ type: 'mode' }])
    expect((await store.listSessions(PROJECT))[0]!.mtime).toBe(1_900_000_000_000)
  })

  test('summaries are what the SDK makes of all that was appended', async () => {
    const [store, key] = [await newStore(), newKey()]
    const talk = new Conversation(key.sessionId)
    const batches = [
      talk.turn('one'),
      [talk.meta('custom-title', { customTitle: 'Mine' }), talk.meta('tag', { tag: 'red' })],
      [...talk.turn('two'), ...talk.turn('three')],
      [talk.meta('tag', { tag: '' })],
    ]
    let expected: ReturnType<typeof foldSessionSummary> | undefined
    for (const batch of batches) {
      await store.append(key, batch)
      expected = foldSessionSummary(expected, key, batch, { mtime: 1 })
    }
    const [summary] = await store.listSessionSummaries(PROJECT)
    expect(summary).toEqual({ ...expected, mtime: summary!.mtime })
    // What was there already is not folded again: the newest title stays.
    await store.append(key, [{ ...batches[0]![0]! }])
    expect((await store.listSessionSummaries(PROJECT))[0]).toEqual(summary)
  })

  test('many sessions are listed without reading them', async () => {
    const store = await newStore()
    const keys = Array.from({ length: 50 }, newKey)
    await Promise.all(keys.map((key) => store.append(key, new Conversation(key.sessionId).turn('x'))))
    const later = await newStore(store.store.folder)
    const ids = (await later.listSessionSummaries(PROJECT)).map(({ sessionId }) => sessionId)
    expect(ids.sort()).toEqual(keys.map(({ sessionId }) => sessionId).sort())
  })
})

describe('sub-agents', () => {
  test('their transcripts are kept under their subpath', async () => {
    const [store, key] = [await newStore(), newKey()]
    const paths = [
      'subagents/agent-a',
      'subagents/workflows/run-1/agent-B',
      'x.lock',
      '../up',
      'é/'.repeat(150),
    ]
    const talks = paths.map((_, n) => new Conversation(key.sessionId, true).turn(`work ${n}`))
    for (const [n, subpath] of paths.entries()) await store.append({ ...key, subpath }, talks[n]!)
    expect((await store.listSubkeys(key)).sort()).toEqual([...paths].sort())
    for (const [n, subpath] of paths.entries())
      expect(await store.load({ ...key, subpath })).toEqual(talks[n])
    // Only sub-agents: no session yet.
    expect(await store.listSessions(PROJECT)).toEqual([])
    expect(await store.listSessionSummaries(PROJECT)).toEqual([])
    expect(await store.load(key)).toBeNull()
    await store.append(key, new Conversation(key.sessionId).turn('main'))
    expect(await store.listSessions(PROJECT)).toHaveLength(1)
    expect(await store.load(key)).toHaveLength(5)
    expect(await store.listSubkeys(newKey())).toEqual([])
    expect((await store.store.verify()).problems).toEqual([])
    git(store.store.folder, 'fsck', '--strict')
  })

  test('the same uuid in two transcripts is two entries', async () => {
    const [store, key] = [await newStore(), newKey()]
    const [entry] = new Conversation(key.sessionId).turn('one')
    await store.append(key, [entry!])
    await store.append({ ...key, subpath: 'subagents/agent-a' }, [entry!])
    expect(await store.load({ ...key, subpath: 'subagents/agent-a' })).toEqual([entry])
  })
})

describe('delete', () => {
  test('takes the sub-agents along, and leaves other sessions alone', async () => {
    const store = await newStore()
    const [one, two] = [newKey(), newKey()]
    for (const key of [one, two]) {
      await store.append(key, new Conversation(key.sessionId).turn('x'))
      await store.append({ ...key, subpath: 'subagents/agent-a' }, [{ type: 'agent_metadata' }])
    }
    await store.fork(one, { branch: 'other' })
    await store.delete(one)
    expect(await store.load(one)).toBeNull()
    expect(await store.load({ ...one, subpath: 'subagents/agent-a' })).toBeNull()
    expect(await store.listSubkeys(one)).toEqual([])
    expect((await store.listSessions(PROJECT)).map(({ sessionId }) => sessionId)).toEqual([two.sessionId])
    expect(await store.load({ ...two, subpath: 'subagents/agent-a' })).toHaveLength(1)
    await store.delete(one)
    // A session of that name starts anew.
    const turn = new Conversation(one.sessionId).turn('y')
    await store.append(one, turn)
    expect(await store.load(one)).toEqual(turn)
    expect(await store.listSubkeys(one)).toEqual([])
  })

  test('of what is only sub-agents, of one of them, and of nothing', async () => {
    const [store, key] = [await newStore(), newKey()]
    await store.delete(key)
    for (const subpath of ['subagents/agent-a', 'subagents/agent-b'])
      await store.append({ ...key, subpath }, [{ type: 'agent_metadata' }])
    await store.delete({ ...key, subpath: 'subagents/agent-a' })
    expect(await store.listSubkeys(key)).toEqual(['subagents/agent-b'])
    await store.delete(key)
    expect(await store.listSubkeys(key)).toEqual([])
    expect(git(store.store.folder, 'for-each-ref')).toBe('')
  })

  test('what was appended before can be appended again', async () => {
    const [store, key] = [await newStore(), newKey()]
    const turn = new Conversation(key.sessionId).turn('x')
    await store.append(key, turn)
    await store.delete(key)
    await store.store.maintain({ purge: true })
    await store.append(key, turn)
    expect(await store.load(key)).toEqual(turn)
    expect((await store.store.verify()).problems).toEqual([])
  })
})

describe('keys', () => {
  const PROJECTS = [
    '-home-me',
    'a',
    'a/b',
    'a/b/c',
    '',
    '/',
    '.',
    '..',
    '../../etc',
    'CON',
    'con',
    'x.lock',
    '_reserved',
    '%',
    '%0041',
    'A',
    'é',
    'e\u0301',
    'new\nline\u0000nul',
    'half \ud800',
    'half \ufffd',
    '日本語/プロジェクト',
    'long '.repeat(60),
    `${'long '.repeat(60)}er`,
    'x'.repeat(6000),
    `${'x'.repeat(6000)}y`,
    'ends with a slash/',
    'main',
    'refs/heads/a',
  ]

  test('any project key works, and no two are mistaken for each other', async () => {
    const store = await newStore()
    for (const projectKey of PROJECTS) {
      for (const sessionId of ['s', 'b', 'b/c', '11111111-1111-4111-8111-111111111111']) {
        const key = { projectKey, sessionId }
        await store.append(key, [{ type: 'user', uuid: randomUUID(), projectKey, sessionId }])
        await store.append({ ...key, subpath: projectKey || 'x' }, [{ type: 'sub', projectKey, sessionId }])
      }
    }
    const later = await newStore(store.store.folder)
    for (const projectKey of PROJECTS) {
      const listed = await later.listSessions(projectKey)
      expect(listed.map(({ sessionId }) => sessionId).sort(), projectKey).toEqual(
        ['11111111-1111-4111-8111-111111111111', 'b', 'b/c', 's'].sort(),
      )
      for (const { sessionId } of listed) {
        const key = { projectKey, sessionId }
        expect(await later.load(key)).toMatchObject([key])
        expect(await later.listSubkeys(key)).toEqual([projectKey || 'x'])
        expect(await later.load({ ...key, subpath: projectKey || 'x' })).toEqual([{ type: 'sub', ...key }])
      }
    }
    expect((await later.store.verify()).problems).toEqual([])
    git(store.store.folder, 'fsck', '--strict')
    for (const projectKey of PROJECTS) await later.delete({ projectKey, sessionId: 'b' })
    for (const projectKey of PROJECTS) expect(await later.listSessions(projectKey)).toHaveLength(3)
  })

  test('a session can be found by its id alone', async () => {
    const store = await newStore()
    expect(await store.find('s')).toBeUndefined()
    for (const projectKey of PROJECTS) {
      const key = { projectKey, sessionId: `of ${projectKey}` }
      await store.append(key, [{ type: 'x' }])
      expect(await store.find(key.sessionId)).toEqual(key)
    }
    expect(await store.find('of')).toBeUndefined()
    await expect(store.find('')).rejects.toBeInstanceOf(InvalidIdError)
  })

  test('odd session ids too', async () => {
    const store = await newStore()
    const ids = ['a', 'A', '..', 'a/b', '%002f', 'x'.repeat(5000), 'tab\t', '~^:']
    for (const sessionId of ids)
      await store.append({ projectKey: 'p', sessionId }, [{ type: 'x', sessionId }])
    const listed = (await store.listSessions('p')).map(({ sessionId }) => sessionId)
    expect(listed.sort()).toEqual([...ids].sort())
    for (const sessionId of ids) {
      expect(await store.load({ projectKey: 'p', sessionId })).toEqual([{ type: 'x', sessionId }])
    }
  })

  test('a key that is none is refused', async () => {
    const store = await newStore()
    const bad = [
      { projectKey: 'p', sessionId: 's', subpath: '' },
      { projectKey: 'p', sessionId: '' },
      { projectKey: 'p' },
      { sessionId: 's' },
      { projectKey: 'p', sessionId: 's', subpath: 7 },
      undefined,
    ] as never[]
    for (const key of bad) {
      await expect(store.append(key, [{ type: 'x' }])).rejects.toBeInstanceOf(InvalidIdError)
      await expect(store.load(key)).rejects.toBeInstanceOf(InvalidIdError)
      await expect(store.delete(key)).rejects.toBeInstanceOf(InvalidIdError)
    }
    await expect(store.listSessions(undefined as never)).rejects.toBeInstanceOf(TypeError)
    await expect(store.listSubkeys({ projectKey: 'p', sessionId: '' })).rejects.toBeInstanceOf(InvalidIdError)
  })
})

describe('the store below', () => {
  test('a store that was given stays open, one of a folder is closed', async () => {
    const given = new GitSessionStore(await newStoreFolder())
    const [adapter, key] = [new ForkpointClaudeStore(given), newKey()]
    const appended = adapter.append(key, [{ type: 'x' }])
    await appended
    await given.save(newSession('mine'))
    await adapter.close()
    for (const call of [
      () => adapter.append(key, [{ type: 'x' }]),
      () => adapter.load(key),
      () => adapter.listSessions(PROJECT),
      () => adapter.listSessionSummaries(PROJECT),
      () => adapter.listSubkeys(key),
      () => adapter.delete(key),
      () => adapter.fork(key, { branch: 'x' }),
      () => adapter.branches(key),
    ])
      await expect(call()).rejects.toBeInstanceOf(SessionClosedError)
    expect(await given.exists('mine')).toBe(true)
    expect(await new ForkpointClaudeStore(given).load(key)).toEqual([{ type: 'x' }])
    await given.close()
  })

  test('closing waits for appends under way', async () => {
    const folder = await newStoreFolder()
    const [store, key] = [new ForkpointClaudeStore(folder), newKey()]
    const appends = Array.from({ length: 10 }, (_, n) => store.append(key, [{ type: 'x', n }]))
    await store.close()
    await Promise.all(appends)
    expect(await (await newStore(folder)).load(key)).toHaveLength(10)
  })

  test('a session of another type is refused, and named', async () => {
    const given = new GitSessionStore(await newStoreFolder())
    const store = new ForkpointClaudeStore(given)
    const key = { projectKey: 'p', sessionId: 's' }
    await given.save(newSession('p/s'))
    const [entry] = new Conversation('s').turn('x')
    await expect(store.append(key, [entry!])).rejects.toThrow(/type 'session'/)
    for (const call of [
      () => store.append(key, [entry!]),
      () => store.append({ ...key, subpath: 'subagents/agent-a' }, [entry!]),
      () => store.load(key),
      () => store.listSubkeys(key),
      () => store.delete(key),
      () => store.fork(key, { branch: 'x' }),
      () => store.switch(key, 'main'),
    ])
      await expect(call()).rejects.toBeInstanceOf(InvalidStateError)
    expect(await store.load({ ...key, subpath: 'subagents/agent-a' })).toBeNull()
    expect(await store.listSessions('p')).toEqual([])
    await store.append({ ...key, sessionId: 't' }, [entry!])
    await expect(given.load('p/t')).rejects.toThrow(/claude-agent/)
    await given.close()
  })

  test('a folder that is something else is an error, an empty one a store to come', async () => {
    const folder = await newFolder()
    const store = new ForkpointClaudeStore(folder)
    expect(await store.load(newKey())).toBeNull()
    await writeFile(join(folder, 'notes.txt'), 'mine')
    await expect(store.load(newKey())).rejects.toBeInstanceOf(NotFoundError)
    await expect(store.append(newKey(), [{ type: 'x' }])).rejects.toBeInstanceOf(NotFoundError)
  })

  test('what is redacted never reaches the disk', async () => {
    const folder = await newStoreFolder()
    const redact = (value: unknown) =>
      typeof value === 'string' ? value.replaceAll('hunter2', 'xxx') : value
    const given = new GitSessionStore(folder, { redact })
    const [store, key] = [new ForkpointClaudeStore(given), newKey()]
    const talk = new Conversation(key.sessionId)
    const entries = talk.turn('my password is hunter2')
    await store.append(key, entries)
    await store.append(
      key,
      entries.filter(({ uuid }) => uuid !== undefined),
    )
    await store.append({ ...key, subpath: 'subagents/agent-a' }, entries)
    expect(await store.load(key)).toEqual(JSON.parse(JSON.stringify(entries).replaceAll('hunter2', 'xxx')))
    expect((await store.listSessionSummaries(PROJECT))[0]!.data.firstPrompt).toBe('my password is xxx')
    expect(git(folder, 'log', '-p', '--all', '--format=%B')).not.toContain('hunter2')
    expect(git(folder, 'log', '-p', '--all', '--format=%B')).toContain('my password is xxx')
    await given.close()
    expect(git(folder, 'cat-file', '--batch', '--batch-all-objects')).not.toContain('hunter2')
  })

  test('an entry that is redacted as a whole is not stored', async () => {
    const redact = (value: unknown, path: readonly (string | number)[]) =>
      path.length === 2 && path[0] === 'messages' && (value as { type: string }).type === 'secret'
        ? undefined
        : value
    const store = new ForkpointClaudeStore(new GitSessionStore(await newStoreFolder(), { redact }))
    const key = newKey()
    await store.append(key, [{ type: 'secret' }])
    expect(await store.load(key)).toBeNull()
    await store.append(key, [{ type: 'a' }, { type: 'secret' }, { type: 'b' }])
    expect(await store.load(key)).toEqual([{ type: 'a' }, { type: 'b' }])
  })
})

test('it keeps what InMemorySessionStore keeps, whatever comes in whatever order', async () => {
  const [store, memory] = [await newStore(), new InMemorySessionStore()]
  const keys = [newKey(), newKey()]
  const talks = keys.map(({ sessionId }) => new Conversation(sessionId))
  for (let n = 0; n < 80; n++) {
    const which = n % 2
    const agent = n % 5 === 0
    const key = { ...keys[which]!, ...(agent && { subpath: `subagents/agent-${n % 3}` }) }
    const turn = talks[which]!.turn(`prompt ${n}`)
    const batch = turn.slice(0, 1 + (n % 5))
    const target = n % 3 === 0 ? await newStore(store.store.folder) : store
    await target.append(key, batch)
    await memory.append(key, batch)
  }
  for (const key of keys) {
    expect(await store.load(key)).toEqual(await memory.load(key))
    expect((await store.listSubkeys(key)).sort()).toEqual((await memory.listSubkeys(key)).sort())
    for (const subpath of await memory.listSubkeys(key))
      expect(await store.load({ ...key, subpath })).toEqual(await memory.load({ ...key, subpath }))
  }
  const data = (list: { sessionId: string; data: unknown }[]) =>
    new Map(list.map((one) => [one.sessionId, one.data]))
  expect(data(await store.listSessionSummaries(PROJECT))).toEqual(
    data(await memory.listSessionSummaries(PROJECT)),
  )
  expect((await store.store.verify()).problems).toEqual([])
  expect(subjects(store.store.folder, `${gitName(keys[0]!)}/main`).length).toBeGreaterThan(20)
})

const gitName = ({ projectKey, sessionId }: { projectKey: string; sessionId: string }) =>
  `${projectKey.replace(/^-/, '%2d')}%2f${sessionId}`

async function allCheckpoints(
  store: ForkpointClaudeStore,
  key: { projectKey: string; sessionId: string },
): Promise<string[]> {
  const ids: string[] = []
  for await (const { id } of store.log(key, { steps: true })) ids.push(id)
  return ids
}
