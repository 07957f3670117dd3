/** The SDK's own functions that take a store, on this one and, where they can be compared, on its own. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  archiveSession,
  deleteSession,
  forkSession,
  getSessionInfo,
  getSessionMessages,
  getSubagentMessages,
  InMemorySessionStore,
  importSessionToStore,
  listSessions,
  listSubagents,
  renameSession,
  type SessionStoreEntry,
  tagSession,
} from '@anthropic-ai/claude-agent-sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ForkpointClaudeStore } from '../../../src/adapters/claude-agent/index.ts'
import { all, Conversation, git, newFolder, newStore } from './context.ts'

const TRANSCRIPTS = join(import.meta.dirname, '../../../../shared/transcripts/claude-code')

/** Where the SDK looks for local transcripts. */
let home: string
let dir: string
let projectKey: string
const before = process.env.CLAUDE_CONFIG_DIR
beforeAll(async () => {
  home = await newFolder()
  dir = await newFolder()
  projectKey = dir.replace(/[^a-zA-Z0-9]/g, '-')
  process.env.CLAUDE_CONFIG_DIR = home
})
afterAll(() => {
  if (before === undefined) delete process.env.CLAUDE_CONFIG_DIR
  else process.env.CLAUDE_CONFIG_DIR = before
})

async function withSession(...turns: string[]) {
  const store = await newStore()
  const key = { projectKey, sessionId: randomUUID() as string }
  const talk = new Conversation(key.sessionId)
  const entries = turns.map((prompt) => talk.turn(prompt))
  for (const batch of entries) await store.append(key, batch)
  return { store, key, talk, entries }
}

const texts = (messages: readonly { message: unknown }[]) =>
  messages.flatMap(({ message }) => {
    const { content } = message as { content: string | { text?: string }[] }
    return typeof content === 'string' ? content : content.flatMap(({ text }) => text ?? [])
  })

describe('the functions that take a store', () => {
  test('listSessions and getSessionInfo show what was written last first', async () => {
    const { store, key } = await withSession('First things first', 'And then')
    const other = { projectKey, sessionId: randomUUID() as string }
    await store.append(other, new Conversation(other.sessionId).turn('Another session'))
    const listed = await listSessions({ dir, sessionStore: store })
    expect(listed.map(({ sessionId }) => sessionId)).toEqual([other.sessionId, key.sessionId])
    expect(listed[1]).toMatchObject({ firstPrompt: 'First things first', cwd: '/home/me/project' })
    const times = new Map((await store.listSessions(projectKey)).map((one) => [one.sessionId, one.mtime]))
    for (const { sessionId, lastModified } of listed) expect(lastModified).toBe(times.get(sessionId))
    const [page] = await listSessions({ dir, sessionStore: store, limit: 1, offset: 1 })
    expect(page).toEqual(listed[1])
    expect(await getSessionInfo(key.sessionId, { dir, sessionStore: store })).toMatchObject({
      sessionId: key.sessionId,
      firstPrompt: 'First things first',
    })
    expect(await getSessionInfo(randomUUID(), { dir, sessionStore: store })).toBeUndefined()
  })

  test('getSessionMessages gives the conversation', async () => {
    const { store, key } = await withSession('one', 'two')
    const messages = await getSessionMessages(key.sessionId, { dir, sessionStore: store })
    expect(messages).toHaveLength(8)
    expect(texts(messages)).toEqual(['one', 'Answer to one', 'two', 'Answer to two'])
    const some = await getSessionMessages(key.sessionId, { dir, sessionStore: store, limit: 2, offset: 4 })
    expect(texts(some)).toEqual(['two'])
    expect(await getSessionMessages(randomUUID(), { dir, sessionStore: store })).toEqual([])
  })

  test('renameSession and tagSession show in lists, and in the log', async () => {
    const { store, key } = await withSession('one')
    await renameSession(key.sessionId, 'A better name', { dir, sessionStore: store })
    await tagSession(key.sessionId, 'red', { dir, sessionStore: store })
    expect((await listSessions({ dir, sessionStore: store }))[0]).toMatchObject({
      customTitle: 'A better name',
      tag: 'red',
      summary: 'A better name',
    })
    await tagSession(key.sessionId, null, { dir, sessionStore: store })
    expect((await listSessions({ dir, sessionStore: store }))[0]!.tag).toBeUndefined()
    const log = await all(store.log(key, { steps: true }))
    expect(log.map(({ subject }) => subject)).toEqual([
      'step: tag',
      'step: tag',
      'step: title A better name',
      'turn 1: one',
    ])
    const [summary] = await all(store.store.list())
    expect(summary).toMatchObject({ id: store.nameOf(key), title: 'A better name', type: 'claude-agent' })
  })

  test('forkSession makes a copy of its own, whole or up to a message', async () => {
    const { store, key, entries } = await withSession('one', 'two', 'three')
    const whole = await forkSession(key.sessionId, { dir, sessionStore: store, title: 'Copy' })
    const copy = await getSessionMessages(whole.sessionId, { dir, sessionStore: store })
    expect(texts(copy)).toHaveLength(6)
    expect(await getSessionInfo(whole.sessionId, { dir, sessionStore: store })).toMatchObject({
      customTitle: 'Copy',
    })
    const upToMessageId = entries[0]!.findLast(({ uuid }) => uuid !== undefined)!.uuid!
    const part = await forkSession(key.sessionId, { dir, sessionStore: store, upToMessageId })
    const messages = await getSessionMessages(part.sessionId, { dir, sessionStore: store })
    expect(texts(messages)).toEqual(['one', 'Answer to one'])
    // The copy has one checkpoint a turn, as if it had been had.
    const log = await all(store.log({ projectKey, sessionId: whole.sessionId }))
    expect(log.map(({ subject }) => subject)).toEqual(['turn 3: three', 'turn 2: two', 'turn 1: one'])
    expect(await listSessions({ dir, sessionStore: store })).toHaveLength(3)
    await expect(forkSession(randomUUID(), { dir, sessionStore: store })).rejects.toThrow(/not found/)
  })

  test('listSubagents and getSubagentMessages find what sub-agents did', async () => {
    const { store, key } = await withSession('Ask an agent')
    const agent = new Conversation(key.sessionId, true)
    await store.append({ ...key, subpath: 'subagents/agent-a1' }, [
      { type: 'agent_metadata', agentType: 'general-purpose', toolUseId: 'toolu_7' },
      ...agent.turn('Look at it'),
    ])
    await store.append({ ...key, subpath: 'subagents/deep/agent-b2' }, agent.turn('Look deeper'))
    expect((await listSubagents(key.sessionId, { dir, sessionStore: store })).sort()).toEqual(['a1', 'b2'])
    const messages = await getSubagentMessages(key.sessionId, 'a1', { dir, sessionStore: store })
    expect(texts(messages)).toEqual(['Look at it', 'Answer to Look at it'])
    expect(messages[0]!.parent_tool_use_id).toBe('toolu_7')
    expect(await getSubagentMessages(key.sessionId, 'b2', { dir, sessionStore: store })).not.toEqual([])
    expect(await listSubagents(randomUUID(), { dir, sessionStore: store })).toEqual([])
  })

  test('deleteSession deletes it with its sub-agents', async () => {
    const { store, key } = await withSession('one')
    await store.append({ ...key, subpath: 'subagents/agent-a' }, [{ type: 'agent_metadata' }])
    await deleteSession(key.sessionId, { dir, sessionStore: store })
    expect(await listSessions({ dir, sessionStore: store })).toEqual([])
    expect(await listSubagents(key.sessionId, { dir, sessionStore: store })).toEqual([])
    await deleteSession(key.sessionId, { dir, sessionStore: store })
  })

  test('archiveSession takes no store, this one neither', async () => {
    const { store, key } = await withSession('one')
    await expect(archiveSession(key.sessionId, { dir, sessionStore: store })).rejects.toThrow()
  })
})

describe('importSessionToStore', () => {
  async function local(sessionId: string, file: string, entries: readonly SessionStoreEntry[]) {
    const path = join(home, 'projects', projectKey, file)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    return sessionId
  }

  test('brings a local session and its sub-agents, again without doubling it', async () => {
    const sessionId = randomUUID() as string
    const talk = new Conversation(sessionId)
    const entries = ['one', 'two', 'three', 'four'].flatMap((prompt) =>
      talk.turn(prompt).filter(({ uuid }) => uuid !== undefined),
    )
    await local(sessionId, `${sessionId}.jsonl`, entries)
    const agent = new Conversation(sessionId, true).turn('Look').slice(0, 4)
    await local(sessionId, join(sessionId, 'subagents', 'agent-a.jsonl'), agent)
    await writeFile(
      join(home, 'projects', projectKey, sessionId, 'subagents', 'agent-a.meta.json'),
      '{"agentType":"x"}',
    )
    const store = await newStore()
    const key = { projectKey, sessionId }
    await importSessionToStore(sessionId, store, { dir, batchSize: 3 })
    expect(await store.load(key)).toEqual(entries)
    expect(await store.load({ ...key, subpath: 'subagents/agent-a' })).toEqual([
      ...agent,
      { type: 'agent_metadata', agentType: 'x' },
    ])
    const head = (await store.branches(key))[0]!.head
    await importSessionToStore(sessionId, store, { dir, batchSize: 5 })
    expect((await store.branches(key))[0]!.head).toBe(head)
    expect((await all(store.log(key))).map(({ subject }) => subject)).toEqual([
      'turn 4: four',
      'turn 3: three',
      'turn 2: two',
      'turn 1: one',
    ])
  })

  test.skipIf(!existsSync(TRANSCRIPTS))(
    `real transcripts come back line by line${existsSync(TRANSCRIPTS) ? '' : ' (skipped: ../shared/transcripts is not there)'}`,
    async () => {
      const files = (await readdir(TRANSCRIPTS, { recursive: true })).filter((file) =>
        file.endsWith('.jsonl'),
      )
      const [store, memory] = [await newStore(), new InMemorySessionStore()]
      for (const file of files) {
        const sessionId = randomUUID() as string
        await mkdir(join(home, 'projects', projectKey), { recursive: true })
        const text = await readFile(join(TRANSCRIPTS, file), 'utf8')
        await writeFile(join(home, 'projects', projectKey, `${sessionId}.jsonl`), text)
        for (const target of [store, memory]) await importSessionToStore(sessionId, target, { dir })
        const key = { projectKey, sessionId }
        expect(await store.load(key), file).toEqual(await memory.load(key))
        const shown = (sessionStore: ForkpointClaudeStore | InMemorySessionStore) =>
          getSessionMessages(sessionId, { dir, sessionStore })
        expect(await shown(store)).toEqual(await shown(memory))
        const [, summary] = await Promise.all([undefined, store.listSessionSummaries(projectKey)])
        const mine = summary.find((one) => one.sessionId === sessionId)!.data
        const theirs = (await memory.listSessionSummaries(projectKey)).find(
          (one) => one.sessionId === sessionId,
        )
        expect(mine).toEqual(theirs!.data)
      }
      expect((await store.store.verify()).problems).toEqual([])
      git(store.store.folder, 'fsck', '--strict')
    },
    240_000,
  )
})
