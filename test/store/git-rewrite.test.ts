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
