import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { emptySession, message } from '../store/support/git-store.ts'
import { forkpointHere, jsonLines, workFolder } from './command-line.ts'

const cwd = await workFolder()
const run = (...args: string[]) => forkpointHere(args, { cwd })

const store = new GitSessionStore(join(cwd, 'sessions'), { now: () => Date.parse('2025-01-01T00:00:00Z') })
for (const id of ['old', 'kept']) {
  const usage = { inputTokens: 1000, outputTokens: 100 }
  await store.save({ ...emptySession(id), title: `Title of ${id}`, model: 'm', usage })
  await store.append(id, { messages: [message('m0', `hello ${id}`)] })
}
await store.tag('kept', 'v1')
const recent = new GitSessionStore(join(cwd, 'sessions'))
await recent.save({ ...emptySession('young'), title: '\u001b[31mred' })
await store.close()
await recent.close()

it('shows what sessions take, one by one or added up, and as JSON', async () => {
  const { stdout, code } = await run('stats')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^old +\d\.\d kB +[█·]{12} /m)
  const prices = join(cwd, 'prices.json')
  writeFileSync(prices, '{ "m": { "input": 3, "output": 15 } }')
  const [month] = jsonLines(
    (await run('stats', '--by', 'month', '--sort', 'time', '--prices', prices, '--json')).stdout,
  ).slice(1) as { key: string; sessions: number; cost: number }[]
  expect(month).toMatchObject({ key: '2025-01', sessions: 2, tokens: 2200, cost: 0.009 })
  expect((await run('stats', '--by', 'colour')).code).toBe(2)
  writeFileSync(prices, '{ "m": 3 }')
  expect((await run('stats', '--prices', prices)).stderr).toContain('has no prices')
})

it('shows what a policy removes, removes it when told to, and brings it back', async () => {
  const shown = await run('prune', '--max-age', '30d')
  expect(shown.stdout).toContain('1 session to remove, 2 sessions to keep')
  expect(shown.stdout).toMatch(/^old +2025-01-01 +\d\.\d kB +too old +Title of old$/m)
  expect(shown.stdout).toContain('kept stays: it has a tag')
  expect(shown.stderr).toContain('Nothing was removed.')
  expect((await run('prune', '--max-age', '30d', '--yes')).stderr).toContain('forkpoint restore old')
  expect((await run('show', 'old')).code).toBe(4)
  expect((await run('restore')).stdout).toMatch(/^old +deleted .* 1 branch$/m)
  expect((await run('restore', 'old')).code).toBe(0)
  expect((await run('show', 'old')).code).toBe(0)
  expect((await run('restore', 'old')).code).toBe(2)
  expect((await run('restore', 'nothing')).code).toBe(4)
})

it('refuses a policy that says nothing, or nothing that can be understood', async () => {
  expect((await run('prune', '--min-age', '7d')).code).toBe(2)
  const odd = await run('prune', '--max-age', 'long')
  expect(odd.code).not.toBe(0)
  expect(odd.stderr).toContain("'rules.0.maxAge' has to be milliseconds or text such as '90d'")
  expect((await run('prune')).stdout).toContain('0 sessions to remove')
})

it('writes a bundle, only what is new since it, and takes both back elsewhere', async () => {
  expect((await run('bundle', 'all.bundle')).stdout).toMatch(
    /^Wrote all\.bundle: \d+ refs, \d+ new objects, [\d.]+ [kM]?B\.\n$/,
  )
  expect((await run('bundle', 'all.bundle')).code).toBe(1)
  expect((await run('bundle', 'none.bundle', '--since', 'all.bundle')).stderr).toContain('Nothing is new')
  expect(JSON.parse((await run('bundle', 'none.bundle', '--since', 'all.bundle', '--json')).stdout)).toEqual({
    file: null,
  })
  expect((await run('bundle', 'x.bundle', '--since', 'yesterday or so')).code).toBe(2)
  const back = await run('restore', 'all.bundle', '--store', 'back')
  expect([back.code, back.stdout]).toEqual([0, expect.stringContaining('restored  heads/kept/main')])
  expect((await run('show', 'kept', '--store', 'back')).code).toBe(0)
  expect((await run('restore', 'all.bundle', '--store', 'back')).stderr).toContain('has everything')
})
