/** Chats in several processes: one after the other, at once, and killed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { chatStore } from '../../../src/adapters/ai-sdk/index.ts'
import { assistant, git, idsOf, temporaryFolder, turns, user } from './context.ts'

const CHILD = join(import.meta.dirname, 'chat-child.mjs')
const KILLS = process.env.FORKPOINT_SOAK === '1' ? 100 : 12

function start(...args: string[]) {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  const ended = once(child, 'close').then(([code]) => ({ code, err, lines: out.split('\n').slice(0, -1) }))
  return { child, ended }
}

async function run(...args: string[]): Promise<string[]> {
  const { code, err, lines } = await start(...args).ended
  expect(code, err).toBe(0)
  return lines
}

test('two processes talk one after the other, and a third branches from the middle and goes on', async () => {
  const folder = join(temporaryFolder(), 'chats')
  await run('talk', folder, 'c', '2')
  await run('talk', folder, 'c', '2')
  await run('branch', folder, 'c')
  const chats = chatStore(folder)
  const main = await chats.load('c', { branch: 'main' })
  const other = (await chats.read('c'))!
  expect(main).toHaveLength(8)
  expect(other.branch).toBe('regenerate-1')
  expect(other.messages).toHaveLength(8)
  expect(other.messages.slice(0, 3)).toEqual(main.slice(0, 3))
  expect((await chats.siblings('c', other.messages[3]!.id)).messages).toHaveLength(2)
  expect(git(folder, 'log', '--format=%s', '--reverse', 'c/main')).toMatch(
    /^turn 1: Question 0 of \d+\nturn 2: Question 1 of \d+\nturn 3: Question 0 of \d+\nturn 4: Question 1 of \d+$/,
  )
  expect(git(folder, 'merge-base', 'c/main', 'c/regenerate-1')).toBe(git(folder, 'rev-parse', 'c/main~3'))
  expect((await chats.store.verify()).ok).toBe(true)
  git(folder, 'fsck', '--strict')
  await chats.close()
})

test(`killed at ${KILLS} moments: every acknowledged message is there, and the chat goes on`, async () => {
  const folder = join(temporaryFolder(), 'chats')
  const acknowledged: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, ended } = start('loop', folder, 'c')
    await Promise.race([once(child.stdout, 'data'), ended])
    await sleep(Math.random() * 150)
    child.kill('SIGKILL')
    const { lines, err } = await ended
    expect(lines.length, err).toBeGreaterThan(0)
    acknowledged.push(...lines)
    if (kill % 4 === 0) git(folder, 'fsck', '--strict')
  }
  const chats = chatStore(folder)
  const before = await chats.load('c')
  await chats.save({ chatId: 'c', messages: [...before, user('last', 'Last?'), assistant('end', 'Yes.')] })
  const there = new Set<string>()
  for (const { name } of await chats.branches('c')) {
    for (const { id } of await chats.load('c', { branch: name })) there.add(id)
  }
  expect(acknowledged.filter((id) => !there.has(id))).toEqual([])
  expect((await chats.store.verify('c')).problems).toEqual([])
  await chats.close()
  git(folder, 'fsck', '--strict')
}, 600_000)

test('several at once on one chat: who loses is told, and nothing is lost', async () => {
  const folder = join(temporaryFolder(), 'chats')
  const all = await Promise.all([1, 2, 3, 4].map(() => run('compete', folder, 'c', '10')))
  const chats = chatStore(folder)
  const answers = (await chats.load('c')).filter(({ role }) => role === 'assistant').map(({ id }) => id)
  expect(answers).toHaveLength(40)
  expect([...answers].sort()).toEqual(all.flat().sort())
  for (const own of all) expect(answers.filter((id) => own.includes(id))).toEqual(own)
  expect(await chats.branches('c')).toHaveLength(1)
  expect(git(folder, 'rev-list', '--count', 'c/main')).toBe('40')
  await chats.close()
  git(folder, 'fsck', '--strict')
})

test('tabs that try again at once get a branch each', async () => {
  const folder = join(temporaryFolder(), 'chats')
  const [one, two] = [chatStore(folder), chatStore(folder)]
  await one.save({ chatId: 'c', messages: turns(1) })
  const retry = (id: string) => ({
    chatId: 'c',
    messages: [turns(1)[0]!, assistant(id, `Answer ${id}`)],
    trigger: 'regenerate-message' as const,
    messageId: 'a1',
    branch: 'main',
  })
  const made = await Promise.all([one.save(retry('x')), two.save(retry('y')), one.save(retry('z'))])
  expect(made.map(({ branch }) => branch).sort()).toEqual(['regenerate-1', 'regenerate-2', 'regenerate-3'])
  expect((await two.siblings('c', 'a1', { branch: 'main' })).messages).toHaveLength(4)
  expect(['u1 x', 'u1 y', 'u1 z']).toContain(idsOf(await two.load('c')))
  await one.close()
  await two.close()
  git(folder, 'fsck', '--strict')
})

test('first saves of one chat at once: one of them begins it', async () => {
  const folder = join(temporaryFolder(), 'chats')
  const stores = [1, 2, 3].map(() => chatStore(folder))
  const saves = stores.flatMap((store, index) => [
    store.save({ chatId: 'c', messages: [user(`u${index}`, 'Hi'), assistant(`a${index}`, 'Hi')] }),
  ])
  const settled = await Promise.allSettled(saves)
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const one of settled) if (one.status === 'rejected') expect(one.reason.code).toBe('CONFLICT')
  for (const store of stores) await store.close()
})
