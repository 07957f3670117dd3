/** Processes of their own: one after the other, at the same time, and killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { at, listed, useStore } from './context.ts'

const context = useStore()

const CHILD = join(import.meta.dirname, 'child.mjs')
const SOAK = process.env.FORKPOINT_SOAK === '1'
const timeout = SOAK ? 1_800_000 : 120_000

interface Child {
  process: ChildProcess
  said: unknown[]
  /** Resolves when it has ended, with what it complained of. */
  ended: Promise<string>
}

function start(task: string, thread: string, argument = ''): Child {
  const child = spawn(process.execPath, [CHILD, task, context.folder, thread, argument], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: unknown[] = []
  let [text, errors] = ['', '']
  child.stdout.on('data', (data) => {
    text += data
    const lines = text.split('\n')
    text = lines.pop()!
    for (const line of lines) said.push(JSON.parse(line))
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  return { process: child, said, ended: once(child, 'close').then(() => errors) }
}

async function run(...args: Parameters<typeof start>): Promise<unknown> {
  const child = start(...args)
  expect(await child.ended).toBe('')
  expect(child.process.exitCode).toBe(0)
  return child.said.at(-1)
}

test('two processes run a conversation, one after the other; a third branches from the middle', {
  timeout,
}, async () => {
  await run('talk', 'chat', 'hello')
  const second = [
    'hello',
    'I think about: hello',
    'answer 2',
    'and now',
    'I think about: and now',
    'answer 5',
  ]
  expect(await run('talk', 'chat', 'and now')).toEqual(second)
  const third = [
    'hello',
    'I think about: hello',
    'answer 2',
    'another way',
    'I think about: another way',
    'answer 5',
  ]
  // Where the first turn ended.
  expect(await run('branch', 'chat', 'main~4')).toEqual(third)
  const saver = context.open()
  const main = await saver.get(await saver.configAt('chat', 'main'))
  expect(main?.channel_values.messages).toHaveLength(6)
  expect((await saver.store.branches('chat')).map(({ name, active }) => [name, active])).toEqual([
    ['main', false],
    ['update-1', true],
  ])
  expect(context.git('log', '--format=%s', 'chat/update-1', '^chat/main').trim().split('\n')).toEqual([
    'step 5 answer: answer 5',
    'step 4 think: I think about: another way',
    'update: another way',
  ])
  const diff = await saver.store.diff('chat', 'main~4', 'main')
  expect(diff.messages.added).toHaveLength(3)
})

test('several processes step on one thread: who is late is refused, and nothing is lost', {
  timeout,
}, async () => {
  const [processes, steps] = [4, SOAK ? 60 : 12]
  const children = Array.from({ length: processes }, () => start('race', 'shared', String(steps)))
  for (const child of children) {
    expect(await child.ended).toBe('')
    expect(child.said).toHaveLength(1)
  }
  const saver = context.open()
  const all = await listed(saver, { configurable: { thread_id: 'shared' } })
  const total = processes * steps
  const main = await saver.get(await saver.configAt('shared', 'main'))
  // Each step stands on the one before: with parents there is no way past one of them.
  expect(context.git('rev-list', '--count', 'shared/main').trim()).toBe(String(all.length))
  expect(main?.channel_values.n).toBe(total)
  expect(main?.channel_values.messages).toHaveLength(total)
  expect(all).toHaveLength(total)
  expect(await saver.store.branches('shared')).toHaveLength(1)
  expect(context.git('rev-list', '--count', 'shared/_writes').trim()).toBe(String(total))
  expect(context.git('fsck', '--strict')).toBe('')
})

test('a process that is killed at any moment leaves what it had stored, whole', { timeout }, async () => {
  const stored = { put: new Map<string, number>(), writes: new Set<string>(), sub: new Set<string>() }
  for (let round = 0; round < (SOAK ? 60 : 8); round++) {
    const child = start('save', 'crash')
    while (child.said.length === 0 && child.process.exitCode === null) await sleep(5)
    await sleep(Math.random() * 400)
    child.process.kill('SIGKILL')
    expect(await child.ended).toBe('')
    for (const said of child.said as { put?: string; n: number; writes?: string; sub?: string }[]) {
      if (said.put !== undefined) stored.put.set(said.put, said.n)
      if (said.writes !== undefined) stored.writes.add(said.writes)
      if (said.sub !== undefined) stored.sub.add(said.sub)
    }
    // Killed before its first checkpoint, a process may not have made the repository yet.
    if (stored.put.size > 0) {
      // What a power loss would leave to do is done by whoever opens the store; plain git sees it all now.
      expect(context.git('fsck', '--strict', '--no-dangling').trim()).toBe('')
      const trailers = context.git(
        'log',
        '--format=%(trailers:key=Forkpoint-Checkpoint,valueonly)',
        'crash/main',
      )
      for (const id of stored.put.keys()) expect(trailers).toContain(id)
    }
  }
  const saver = context.open()
  for (const [id, n] of stored.put) {
    const tuple = await saver.getTuple(at('crash', '', id))
    expect(tuple?.checkpoint.channel_values.n).toBe(n)
    expect(tuple?.checkpoint.channel_values.messages).toHaveLength(n)
    if (stored.writes.has(id)) expect(tuple?.pendingWrites).toEqual([['task', 'n', id]])
    if (stored.sub.has(id))
      expect((await saver.get(at('crash', `sub:${id}`)))?.channel_values).toEqual({ id })
  }
  const newest = await saver.getTuple(at('crash'))
  expect(newest?.checkpoint.channel_values.messages).toHaveLength(
    newest?.checkpoint.channel_values.n as number,
  )
  expect(stored.put.size).toBeGreaterThan(0)
  expect(await saver.store.branches('crash')).toHaveLength(1)
  expect(await saver.store.verify()).toMatchObject({ ok: true })
})
