import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { NotFoundError } from '../../src/errors.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import type { GitSessionStore, GitStoreOptions } from '../../src/store/git/git-session-store.ts'
import type { Checkpoint } from '../../src/store/session-store.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { emptySession, expectWhole, isThere, message, realGit, storeAt } from './support/git-store.ts'
import { everythingIn } from './support/inflated.ts'

const token = sample('ghp_{w36}', seeded(7))

function newStore(options: GitStoreOptions = {}): { folder: string; store: GitSessionStore } {
  const parent = mkdtempSync(join(tmpdir(), 'forkpoint-rewrite-'))
  onTestFinished(() => rmSync(parent, { recursive: true }))
  const folder = join(parent, 'store')
  return { folder, store: storeAt(folder, options) }
}

/** Three turns without the secret, one with it in a message, and turns after it. */
async function leak(store: GitSessionStore, id = 'demo'): Promise<string[]> {
  const ids = [(await store.save(emptySession(id))).id]
  for (const [n, text] of ['one', 'two', `use ${token}`, 'four', 'five'].entries())
    ids.push((await store.append(id, { messages: [message(`m${n}`, text)] })).id)
  return ids
}

/** No object, ref, journal or cache holds it. */
function expectGone(folder: string, secret = token): void {
  expect(
    everythingIn(folder)
      .filter(({ bytes }) => bytes.includes(secret))
      .map(({ name }) => name),
  ).toEqual([])
  expect(realGit(folder, 'log', '--all', '--format=%H', `-S${secret}`).text).toBe('')
  expectWhole(folder)
}

test('a secret goes out of every checkpoint, and those before it keep their ids', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  await store.tag('demo', 'leaked', { at: before[3]! })
  await store.fork('demo', { at: before[4]!, branch: 'try' })
  const log: Checkpoint[] = []
  for await (const one of store.log('demo')) log.push(one)

  const report = await store.rewrite('demo', redactSecrets())
  expect(report).toMatchObject({ rewritten: 3, checkpoints: 6, sessions: ['demo'], remaining: [] })
  const after: Checkpoint[] = []
  for await (const one of store.log('demo')) after.push(one)
  expect(after.map(({ id }) => id).slice(3)).toEqual(log.map(({ id }) => id).slice(3))
  const rest = ({ id: _, parents: __, subject, body, ...kept }: Checkpoint) => kept
  expect(after.map(rest)).toEqual(log.map(rest))
  expect(after.map(({ subject }) => subject.replace(/\[redacted:github:.{8}\]/, token))).toEqual(
    log.map(({ subject }) => subject),
  )
  const state = await store.load('demo')
  expect(state?.messages.map(({ content }) => content)).toEqual([
    'one',
    'two',
    expect.stringMatching(/^use \[redacted:github:.{8}\]$/),
    'four',
    'five',
  ])
  for (const id of before.slice(3)) expect(isThere(folder, id)).toBe(false)
  expect((await store.verify()).problems).toEqual([])
  await store.close()
  expectGone(folder)
})

test('an old id leads to what it has become', async () => {
  const { store } = newStore()
  const before = await leak(store)
  await store.rewrite('demo', redactSecrets())
  const now = await store.resolve('demo', before[4]!)
  expect(now).toBe(await store.resolve('demo', 'main~1'))
  expect(await store.resolve('demo', `${before[4]!}~2`)).toBe(before[2])
  await store.rewrite('demo', (value) => (value === 'five' ? 'six' : value))
  expect(await store.resolve('demo', before[5]!)).toBe(await store.resolve('demo', 'main'))
  await expect(store.resolve('demo', before[5]!.replace(/^./, 'x'))).rejects.toThrow(NotFoundError)
})

test('a dry run writes nothing and says what would be rewritten', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  const refs = realGit(folder, 'for-each-ref').text
  const report = await store.rewrite('demo', redactSecrets(), { dryRun: true })
  expect(report).toMatchObject({ rewritten: 3, refs: ['refs/heads/demo/main'], remaining: [] })
  expect(realGit(folder, 'for-each-ref').text).toBe(refs)
  expect(isThere(folder, before[5]!)).toBe(true)
})

test('sessions that share checkpoints are rewritten as well, and others stay', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  await store.fork('demo', { at: before[4]!, session: 'fork' })
  await store.append('fork', { messages: [message('f', `again ${token}`)] })
  await store.fork('fork', { at: 'main', session: 'fork of it' })
  await store.save(emptySession('other'))
  const other = await store.resolve('other', '')
  const report = await store.rewrite('demo', redactSecrets())
  expect(report.sessions.sort()).toEqual(['demo', 'fork', 'fork of it'])
  expect(await store.resolve('other', '')).toBe(other)
  const made = await store.checkpoint('fork', 'main~1')
  const source = await store.resolve('demo', 'main~1')
  expect(made.forkedFrom).toEqual({ session: 'demo', checkpoint: source })
  expect(made.subject).toBe(`fork of demo at ${source.slice(0, 10)}`)
  expect(await store.load('fork')).toMatchObject({ parent: { session: 'demo', checkpoint: source } })
  expect((await store.verify()).problems).toEqual([])
  await store.close()
  expectGone(folder)
})

test('other sessions keep the secret where only one is to be rewritten, and that is told', async () => {
  const { folder, store } = newStore()
  const before = await leak(store)
  await store.fork('demo', { at: before[4]!, session: 'fork' })
  const report = await store.rewrite('demo', redactSecrets(), { scope: 'session' })
  expect(report.sessions).toEqual(['demo'])
  expect(report.remaining.sort()).toEqual([before[3], before[4]].sort())
  expectWhole(folder)
  expect(await store.rewrite('fork', redactSecrets(), { scope: 'all' })).toMatchObject({ remaining: [] })
  await store.close()
  expectGone(folder)
})

test('a secret goes out of steps, logs, long texts, titles, trailers, authors and names', async () => {
  const { folder, store } = newStore({ author: { name: `bot ${token}`, email: 'bot@example.com' } })
  const at = '2024-01-01T00:00:00.000Z'
  const run = { id: 'r', status: 'running', prompt: `p ${token}`, startedAt: at, usage: {}, events: [] }
  const event = (sequence: number, text: string) => ({ sequence, at, type: 'note', text })
  await store.save({ ...emptySession('demo'), title: `about ${token}` })
  await store.append('demo', { messages: [message('q', 'question')], runs: [run] }, { kind: 'step' })
  for (const n of [0, 1, 2]) {
    const text = n === 1 ? `${token} ${'long\n'.repeat(2000)}` : `event ${n}`
    await store.append('demo', { runs: [{ ...run, events: [event(n, text)] }] }, { kind: 'step' })
  }
  const said = { subject: `end ${token}`, body: `body\n${token}`, trailers: { Used: token } }
  await store.append('demo', { messages: [message('a', `answer ${token}\n${'x\n'.repeat(3000)}`)] }, said)
  await store.append('demo', { messages: [message('b', 'after')] })
  const before = await store.load('demo')
  const shape = async () => {
    const found = []
    for await (const { kind, seq, createdAt, messages, branch } of store.log('demo', { steps: true }))
      found.push({ kind, seq, createdAt, messages, branch })
    return found
  }
  const log = await shape()
  await store.rewrite('demo', redactSecrets())
  expect(await shape()).toEqual(log)
  const clean = (value: unknown) =>
    JSON.parse(JSON.stringify(value).replace(/\[redacted:github:.{8}\]/g, token))
  expect(clean(await store.load('demo'))).toEqual(before)
  const turn = await store.checkpoint('demo', 'main~1')
  expect(turn).toMatchObject({ author: { name: expect.stringMatching(/^bot \[redacted/) } })
  expect(turn.parents).toHaveLength(2)
  const text = realGit(folder, 'cat-file', 'commit', turn.id).text
  expect(text).toMatch(
    /\nForkpoint-Used: \[redacted:github:.{8}\]\nForkpoint-Redacted: [0-9a-f]{64}\nForkpoint-Format: 1\n/,
  )
  expect(realGit(folder, 'show', `${turn.id}:README.md`).text).toMatch(/^# about \\\[redacted/)
  expect((await store.verify()).problems).toEqual([])
  await store.close()
  expectGone(folder)
})
