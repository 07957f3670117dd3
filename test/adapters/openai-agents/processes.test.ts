/** Real processes on what a user installs: one after the other, side by side, and killed. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ForkpointAgentsSession } from '../../../src/adapters/openai-agents/index.ts'
import { git, newFolder, subjects, user } from './context.ts'

const CHILD = join(import.meta.dirname, 'child.mjs')
const KILLS = process.env.FORKPOINT_SOAK === '1' ? 60 : 8

const child = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [CHILD, ...args])).stdout
const turn = async (folder: string, ...args: string[]) => JSON.parse(await child('turn', folder, ...args))
const contents = async (session: ForkpointAgentsSession) =>
  (await session.getItems()).map((item) => (item as { content: string }).content)

test('two processes hold a conversation, a third branches from its middle and goes on', async () => {
  const folder = await newFolder()
  expect(await turn(folder, 'Oslo')).toMatchObject({ finalOutput: 'It is sunny in Oslo.', given: 1 })
  expect(await turn(folder, 'Rome')).toMatchObject({ given: 5, branch: 'main' })
  expect(await turn(folder, 'Lima', 'main~1', 'elsewhere')).toEqual({
    finalOutput: 'It is sunny in Lima.',
    given: 5,
    branch: 'elsewhere',
  })
  expect(subjects(folder, 'trip/main')).toEqual(['user: Weather in Rome?', 'user: Weather in Oslo?'])
  expect(subjects(folder, 'trip/elsewhere')).toEqual(['user: Weather in Lima?', 'user: Weather in Oslo?'])
  expect(git(folder, 'log', '-1', '--format=%b', 'trip/elsewhere').split('\n').slice(0, 3)).toEqual([
    '> Weather in Lima?',
    '',
    'It is sunny in Lima.',
  ])
  git(folder, 'fsck', '--strict')
})

test(`killed at ${KILLS} random moments: what was acknowledged is there, once and in order`, async () => {
  const folder = await newFolder()
  const acknowledged: string[] = []
  for (let kill = 0, from = 0; kill < KILLS; kill++, from += 10_000) {
    const process_ = spawn(process.execPath, [CHILD, 'save', folder, String(from)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    process_.stdout.on('data', (text) => {
      said += text
    })
    const ended = once(process_, 'exit')
    await once(process_.stdout, 'data')
    await sleep(Math.random() * 150)
    process_.kill('SIGKILL')
    await ended
    acknowledged.push(...said.split('\n').slice(0, -1))
    git(folder, 'fsck', '--strict')
    const session = new ForkpointAgentsSession({ store: folder, sessionId: 'crash' })
    const kept = await contents(session)
    for (const n of said.split('\n').slice(0, -1)) {
      const mine = n.startsWith('o') ? [`${n.slice(1)} by operation`] : [n, `${n} again`]
      const at = kept.indexOf(mine[0]!)
      expect(kept.slice(at, at + mine.length)).toEqual(mine)
    }
    // Whoever does not know whether it was saved tries again.
    const last = said.split('\n').findLast((line) => line.startsWith('o'))
    if (last !== undefined) {
      const items = [user(`${last.slice(1)} by operation`)]
      const operationId = `operation ${last.slice(1)}`
      await session.applyHistoryTransaction({ operationId, transaction: { type: 'append_items', items } })
      expect(await contents(session)).toEqual(kept)
    }
    await session.close()
  }
  const session = new ForkpointAgentsSession({ store: folder, sessionId: 'crash' })
  const kept = await contents(session)
  expect(new Set(kept).size).toBe(kept.length)
  // At most one save of each process was not acknowledged, and is there whole or not at all.
  const items = acknowledged.reduce((sum, line) => sum + (line.startsWith('o') ? 1 : 2), 0)
  expect(kept.length).toBeLessThanOrEqual(items + 2 * KILLS)
  expect(kept.filter((text) => /^\d+$/.test(text)).length).toBe(
    kept.filter((text) => text.endsWith('again')).length,
  )
  expect((await session.store.verify()).problems).toEqual([])
  await session.close()
}, 300_000)

test('four processes on one session lose nothing, and do what they all have to do once', async () => {
  const folder = await newFolder()
  const names = ['a', 'b', 'c', 'd']
  await Promise.all(names.map((name) => child('share', folder, name, '25')))
  const session = new ForkpointAgentsSession({ store: folder, sessionId: 'shared' })
  const kept = await contents(session)
  const numbers = Array.from({ length: 25 }, (_, n) => n)
  for (const name of names) {
    const own = kept.filter((text) => text.startsWith(`${name} `))
    expect(own).toEqual(numbers.flatMap((n) => [`${name} ${n}`, `${name} ${n} again`]))
    // What was added together stands together.
    for (const n of numbers) expect(kept[kept.indexOf(`${name} ${n}`) + 1]).toBe(`${name} ${n} again`)
  }
  expect(kept.filter((text) => text.startsWith('operation')).sort()).toEqual(
    numbers.map((n) => `operation ${n}`).sort(),
  )
  expect(kept).toHaveLength(4 * 25 * 2 + 25)
  expect(subjects(folder, 'shared/main')).toHaveLength(4 * 25 + 25)
  expect((await session.store.verify()).problems).toEqual([])
  await session.close()
  git(folder, 'fsck', '--strict')
}, 120_000)
