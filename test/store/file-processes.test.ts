/** Several processes on one folder of session files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newSession } from '../../src/state/index.ts'
import { FileSessionStore } from '../../src/store/file/file-session-store.ts'
import { type Compiled, compile } from './support/compiled.ts'

let compiled: Compiled
let root: string

beforeAll(async () => {
  compiled = compile()
  root = await mkdtemp(join(tmpdir(), 'forkpoint-processes-'))
})
afterAll(async () => {
  compiled?.remove()
  await rm(root, { recursive: true, force: true })
})

/** A process that runs this code with a `store`; resolves with what it printed, line by line. */
function start(
  folder: string,
  code: string,
): { process: ChildProcess; lines: string[]; ended: Promise<void> } {
  const script = `
    import { FileSessionStore } from ${JSON.stringify(compiled.url('store/file/file-session-store.ts'))}
    import { newMessage } from ${JSON.stringify(compiled.url('state/index.ts'))}
    import { ConflictError } from ${JSON.stringify(compiled.url('errors.ts'))}
    const store = new FileSessionStore(${JSON.stringify(folder)}, { lockTimeout: 30_000 })
    ${code}
    await store.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  let rest = ''
  child.stdout.on('data', (data) => {
    const parts = (rest + data).split('\n')
    rest = parts.pop()!
    lines.push(...parts)
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return { process: child, lines, ended }
}

test('four processes append to one session: every message is there', async () => {
  const folder = join(root, 'appends')
  const store = new FileSessionStore(folder)
  await store.save(newSession('s1'))
  const children = ['a', 'b', 'c', 'd'].map((name) =>
    start(
      folder,
      `for (let n = 0; n < 25; n++) {
         await store.append('s1', { messages: [newMessage('user', '', { id: '${name}' + n })] })
         console.log('${name}' + n)
       }`,
    ),
  )
  await Promise.all(children.map(({ ended }) => ended))
  const acknowledged = children.flatMap(({ lines }) => lines)
  expect(acknowledged).toHaveLength(100)
  const state = await store.load('s1')
  expect(state?.messages.map(({ id }) => id).sort()).toEqual([...acknowledged].sort())
  expect((await store.checkpoint('s1')).seq).toBe(101)
  await store.close()
})

test('four processes load, change and save one session: no acknowledged save is lost', async () => {
  const folder = join(root, 'saves')
  const store = new FileSessionStore(folder)
  await store.save(newSession('s1'))
  const children = ['a', 'b', 'c', 'd'].map((name) =>
    start(
      folder,
      `for (let n = 0, tries = 0; n < 15 && tries < 2000; tries++) {
         const state = await store.load('s1')
         state.messages.push(newMessage('user', '', { id: '${name}' + n }))
         try {
           await store.save(state)
           console.log('${name}' + n++)
         } catch (error) {
           if (!(error instanceof ConflictError)) throw error
           await new Promise((next) => setTimeout(next, Math.random() * 10))
         }
       }`,
    ),
  )
  await Promise.all(children.map(({ ended }) => ended))
  const acknowledged = children.flatMap(({ lines }) => lines)
  expect(acknowledged).toHaveLength(60)
  const state = await store.load('s1')
  expect(state?.messages.map(({ id }) => id).sort()).toEqual([...acknowledged].sort())
  await store.close()
})

test('a process killed at any moment leaves whole sessions, and nobody waiting', async () => {
  const folder = join(root, 'kills')
  const store = new FileSessionStore(folder, { lockTimeout: 5000 })
  await store.save(newSession('s1'))
  const acknowledged: string[] = []
  for (let round = 0; round < 12; round++) {
    const child = start(
      folder,
      `for (let n = 0; ; n++) {
         await store.append('s1', { messages: [newMessage('user', 'x'.repeat(5000), { id: '${round}-' + n })] })
         console.log('${round}-' + n)
       }`,
    )
    while (child.lines.length === 0) await new Promise((next) => setTimeout(next, 5))
    await new Promise((next) => setTimeout(next, Math.random() * 25))
    child.process.kill('SIGKILL')
    await child.ended
    acknowledged.push(...child.lines)
    const ids = new Set((await store.load('s1'))?.messages.map(({ id }) => id))
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([])
    expect((await store.verify()).ok).toBe(true)
    await store.append('s1', { set: { title: `after ${round}` } })
  }
  await store.maintain()
  await store.close()
})
