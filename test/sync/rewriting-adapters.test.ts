/** Sessions of adapters, with lines beside their branches and with annotated tags, that are redacted and then shared. */
import { HumanMessage } from '@langchain/core/messages'
import { expect, test } from 'vitest'
import { ForkpointClaudeStore } from '../../src/adapters/claude-agent/index.ts'
import { ForkpointSaver } from '../../src/adapters/langgraph/index.ts'
import { redactTexts } from '../../src/redaction/index.ts'
import type { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { Conversation } from '../adapters/claude-agent/context.ts'
import { at, Run } from '../adapters/langgraph/context.ts'
import { git, gitText } from '../git/real-git.ts'
import { everythingIn } from '../store/support/inflated.ts'
import {
  begin,
  expectClean,
  folderServer,
  machine,
  refsAt,
  type Server,
  say,
  tips,
} from './support/machines.ts'

const SECRET = 'correct horse battery'
const redact = redactTexts([SECRET])

function expectNowhere(folder: string): void {
  expect(gitText(folder, ['log', '--all', '--format=%H %D', `-S${SECRET}`])).toBe('')
  const holding = everythingIn(folder).filter(({ bytes }) => bytes.includes(SECRET))
  expect(holding.map(({ name }) => name)).toEqual([])
}

/** A server, two machines that share, and a third that comes later. */
async function machines(): Promise<{ server: Server; one: GitSessionStore; two: GitSessionStore }> {
  const server = await folderServer()
  return { server, one: machine(server.url, 'one'), two: machine(server.url, 'two') }
}

/** Redacts here, and shares it: then nothing has it on either machine, at the server or on a new machine. */
async function redactAndShare(
  { server, one, two }: Awaited<ReturnType<typeof machines>>,
  session: string,
): Promise<GitSessionStore> {
  expect(await one.rewrite(session, redact)).toMatchObject({ remaining: [] })
  expect((await one.sync()).push.refused).toEqual([])
  const { fetch, push } = await two.sync()
  expect(fetch).toMatchObject({ diverged: [], outdated: [], hidden: [] })
  expect(push).toMatchObject({ pushed: [], refused: [] })
  await two.maintain({ purge: true })
  git(server.folder, ['gc', '--quiet', '--prune=now'])
  const fresh = machine(server.url, 'fresh')
  await fresh.sync()
  for (const { folder } of [one, two, fresh, server]) {
    expectNowhere(folder)
    expectClean(folder)
  }
  const own = (folder: string) => refsAt(folder, 'refs/heads/*/*', 'refs/tags/')
  for (const { folder } of [one, two, fresh]) expect(own(folder)).toEqual(own(server.folder))
  return fresh
}

const human = (id: string, content: string) => new HumanMessage({ id, content })

/** A thread with checkpoints of a subgraph and pending writes, all with the secret. */
async function thread(saver: ForkpointSaver): Promise<Run> {
  const run = new Run(saver, at('thread'))
  await run.put({ messages: [human('1', 'hello')], count: 1 }, 'input')
  await run.put({ messages: [human('1', 'hello'), human('2', `use ${SECRET}`)], note: SECRET })
  const inner = new Run(saver, at('thread', 'inner:1'))
  await inner.put({ messages: [human('3', `inside ${SECRET}`)] }, 'input')
  await saver.putWrites(run.config, [['note', `written ${SECRET}`]], 'task-1')
  return run
}

const said = async (saver: ForkpointSaver, namespace = ''): Promise<string> =>
  JSON.stringify(await saver.getTuple(at('thread', namespace)))

test('a thread of LangGraph, with its subgraphs and pending writes, goes on on both machines', async () => {
  const all = await machines()
  const { server, one, two } = all
  const [here, there] = [new ForkpointSaver(one), new ForkpointSaver(two)]
  await thread(here)
  await one.fork('thread', { session: 'copy' })
  // An annotated tag by git, whose text has it as well.
  const tagger = ['-c', `user.name=Ann ${SECRET}`]
  git(one.folder, [...tagger, 'tag', '-a', 'thread/said', '-m', `about ${SECRET}`, 'refs/heads/thread/main'])
  await one.sync()
  await two.sync()
  expect(await said(there)).toBe(await said(here))
  expect(await said(there)).toContain(SECRET)
  expect(Object.keys(refsAt(server.folder, 'refs/heads/thread/')).sort()).toEqual(
    ['_namespaces', '_writes', 'main'].map((name) => `refs/heads/thread/${name}`),
  )

  const fresh = await redactAndShare(all, 'thread')
  const later = new ForkpointSaver(fresh)
  for (const namespace of ['', 'inner:1']) {
    const text = await said(here, namespace)
    expect(text).toContain('[redacted:text:')
    for (const saver of [there, later]) expect(await said(saver, namespace)).toBe(text)
  }
  expect((await there.getTuple(at('thread')))!.pendingWrites).toHaveLength(1)
  expect(gitText(two.folder, ['cat-file', '-t', 'refs/tags/thread/said'])).toBe('tag')
  expect(gitText(two.folder, ['tag', '-l', '--format=%(contents)', 'thread/said'])).toMatch(
    /^about \[redacted/,
  )

  const run = await Run.at(there, at('thread'))
  await run.put({ count: 2 })
  await there.putWrites(run.config, [['note', 'next']], 'task-2')
  await two.sync()
  await one.sync()
  expect(await said(here)).toBe(await said(there))
  expect((await here.getTuple(at('thread')))!.pendingWrites).toHaveLength(1)
  for (const store of [one, two]) expect((await store.verify()).problems).toEqual([])
})

test('a session with an annotated tag keeps it, on both machines and at the server', async () => {
  const all = await machines()
  const { one, two } = all
  await begin(one)
  await say(one, `use ${SECRET}`)
  git(one.folder, ['tag', '-a', 'demo/said', '-m', 'nothing secret', 'refs/heads/demo/main'])
  await say(one, 'more')
  await one.sync()
  await two.sync()
  const fresh = await redactAndShare(all, 'demo')
  for (const store of [one, two, fresh])
    expect(await store.tags('demo')).toEqual([
      { name: 'said', checkpoint: await one.resolve('demo', 'main~1') },
    ])
})

test('newer work of LangGraph on the old history goes on from the new one, with all its lines', async () => {
  const { server, one, two } = await machines()
  const [here, there] = [new ForkpointSaver(one), new ForkpointSaver(two)]
  await thread(here)
  await one.sync()
  await two.sync()
  const run = await Run.at(there, at('thread'))
  await run.put({ count: 7 })
  await there.putWrites(run.config, [['note', `newer ${SECRET}`]], 'task-2')
  await one.rewrite('thread', redact)
  await one.sync()
  const { fetch, push } = await two.sync()
  expect(fetch).toMatchObject({ rewritten: [], diverged: [] })
  expect(fetch.outdated).toContain('heads/thread/main')
  expect(push).toMatchObject({ pushed: [], refused: [{ session: 'thread' }] })
  expect(await two.continueRewrite('thread', redact)).toMatchObject({ outdated: [], remaining: [] })
  for (const store of [two, one]) expect((await store.sync()).push.refused).toEqual([])
  expect(await tips(one, 'thread')).toEqual(await tips(two, 'thread'))
  const text = await said(here)
  expect(text).toBe(await said(there))
  expect(text).toMatch(/"count":7/)
  expect(text).toContain('newer [redacted')
  for (const { folder } of [one, two, server])
    expect(gitText(folder, ['log', '--all', '--format=%H', `-S${SECRET}`])).toBe('')
  for (const store of [one, two]) expect((await store.verify()).problems).toEqual([])
})

test('a transcript of Claude Code, with that of a sub-agent, goes on on both machines', async () => {
  const all = await machines()
  const { one, two } = all
  const [here, there] = [new ForkpointClaudeStore(one), new ForkpointClaudeStore(two)]
  const key = { projectKey: 'project', sessionId: '6f1c3f0e-0000-4000-8000-000000000001' }
  const agent = { ...key, subpath: 'subagents/agent-1' }
  const talk = new Conversation(key.sessionId)
  const aside = new Conversation(key.sessionId, true)
  await here.append(key, talk.turn('hello'))
  await here.append(key, talk.turn(`use ${SECRET}`))
  await here.append(agent, aside.turn(`look for ${SECRET}`))
  await one.sync()
  await two.sync()
  expect(JSON.stringify(await there.load(agent))).toContain(SECRET)

  const fresh = new ForkpointClaudeStore(await redactAndShare(all, here.nameOf(key)))
  for (const one of [key, agent]) {
    const entries = await here.load(one)
    expect(JSON.stringify(entries)).toContain('[redacted:text:')
    for (const store of [there, fresh]) expect(await store.load(one)).toEqual(entries)
  }
  await there.append(key, talk.turn('and on'))
  await there.append(agent, aside.turn('more'))
  await two.sync()
  await one.sync()
  for (const one of [key, agent]) expect(await here.load(one)).toEqual(await there.load(one))
  for (const store of [one, two]) expect((await store.verify()).problems).toEqual([])
})
