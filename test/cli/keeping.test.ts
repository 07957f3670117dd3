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
  expect((await run('restore', 'old')).stderr).toContain('has no snapshot of its files')
  expect((await run('restore', 'nothing')).code).toBe(4)
})

it('refuses a policy that says nothing, or nothing that can be understood', async () => {
  expect((await run('prune', '--min-age', '7d')).code).toBe(2)
  const odd = await run('prune', '--max-age', 'long')
  expect(odd.code).toBe(2)
  expect(odd.stderr).toContain("'long' is invalid. It must be a duration such as 90d")
  expect((await run('prune', '--max-bytes', 'much')).stderr).toContain('It must be a size such as "5 GB"')
  const none = await run('prune')
  expect(none.stdout).toContain('0 sessions to remove')
  expect(none.stderr).toContain('The store has no policy. Say what goes: --max-age')
})

it('writes a bundle, only what is new since it, and takes both back elsewhere', async () => {
  const [all, none] = [join(cwd, 'all.bundle'), join(cwd, 'none.bundle')]
  expect((await run('bundle', all)).stdout).toMatch(
    /^Wrote .*all\.bundle: \d+ refs, \d+ new objects, [\d.]+ [kM]?B\.\n$/,
  )
  expect((await run('bundle', all)).code).toBe(3)
  expect((await run('bundle', none, '--since', all)).stderr).toContain('Nothing is new')
  expect(JSON.parse((await run('bundle', none, '--since', all, '--json')).stdout)).toEqual({
    file: null,
  })
  expect((await run('bundle', none, '--since', 'yesterday or so')).code).toBe(2)
  const back = await run('restore', all, '--store', join(cwd, 'back'))
  expect([back.code, back.stdout]).toEqual([0, expect.stringContaining('restored  heads/kept/main')])
  expect((await run('show', 'kept', '--store', join(cwd, 'back'))).code).toBe(0)
  expect((await run('restore', all, '--store', join(cwd, 'back'))).stderr).toContain('has everything')
  for (const path of ['../missing', 'missing.bundle'])
    expect(await run('restore', path)).toMatchObject({
      code: 4,
      stderr: `forkpoint: There is no file '${path}'.\n`,
    })
})

it('archives sessions when told to, lists them apart, and brings one back', async () => {
  const shown = await run('archive', '--older-than', '30d')
  expect(shown.stdout).toMatch(/^old +2025-01-01 +1 ref +Title of old$/m)
  expect(shown.stdout).toContain('2 sessions with 3 refs to archive.')
  expect(shown.stderr).toContain('Nothing was archived.')
  const done = JSON.parse((await run('archive', 'old', '--yes', '--json')).stdout)
  expect(done).toMatchObject({ archived: ['old'], changed: [], kept: [] })
  expect((await run('list')).stdout).not.toContain('Title of old')
  expect((await run('list', '--archived')).stdout).toMatch(/^old .*Title of old$/m)
  expect((await run('show', 'old')).code).toBe(0)
  expect((await run('archive', 'kept', '--yes')).stderr).toContain('forkpoint unarchive kept')
  expect((await run('unarchive', 'old')).stdout).toContain('Brought old back')
  expect((await run('unarchive', 'old')).code).toBe(1)
  expect((await run('unarchive', 'never-was')).code).toBe(4)
  expect((await run('list')).stdout).toContain('Title of old')
  expect((await run('delete', 'kept', '--yes')).stdout).toContain('Deleted session kept.')
  expect((await run('list', '--archived')).stderr).toContain('No sessions.')
  expect((await run('archive')).code).toBe(2)
  expect((await run('archive', 'nothing')).code).toBe(4)
})

it('says what a thinning leaves out, leaves it out when told to, and refuses one that says nothing', async () => {
  const more = new GitSessionStore(join(cwd, 'sessions'))
  await more.save(emptySession('often'))
  for (let n = 0; n < 5; n++) await more.append('often', { messages: [message(`m${n}`, `text ${n}`)] })
  await more.close()
  const shown = await run('thin', 'often', '--keep-last', '2')
  expect(shown.stdout).toContain('Would leave out 3 of 6 checkpoints')
  expect(shown.stderr).toContain('forkpoint thin often --keep-last 2 --yes')
  expect(
    JSON.parse((await run('thin', 'often', '--keep-last', '2', '--yes', '--json')).stdout),
  ).toMatchObject({
    ...{ session: 'often', done: true, thinned: 3, rewritten: 2, remaining: [] },
  })
  expect((await run('thin', 'often', '--older-than', '1d', '--yes')).stdout).toContain('Nothing to leave out')
  expect((await run('thin', 'often')).code).toBe(2)
  expect((await run('thin', 'often', '--older-than', 'long')).code).not.toBe(0)
  expect((await run('thin', 'nothing', '--inside-turns')).code).toBe(4)
})
