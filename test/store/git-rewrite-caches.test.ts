/** What a rewrite took out is in no file of the store, of its scratch or of the user's cache folder, whatever was used before. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { redactTexts } from '../../src/redaction/index.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { CleanFile } from '../../src/store/scan/clean-file.ts'
import { bareRepository, tempFolder } from '../git/real-git.ts'
import { emptySession, expectWhole, message, storeAt } from './support/git-store.ts'
import { everythingIn, filesIn } from './support/inflated.ts'

const SECRET = 'correct horse battery'
const redact = redactTexts([SECRET])

let cache: string
beforeEach(() => {
  cache = tempFolder()
  vi.stubEnv('XDG_CACHE_HOME', cache)
})

const holding = (folder: string): string[] =>
  everythingIn(folder)
    .filter(({ bytes }) => bytes.includes(SECRET))
    .map(({ name }) => name)
const holdingInCache = (): string[] =>
  filesIn(cache)
    .filter(({ bytes }) => bytes.includes(SECRET))
    .map(({ name }) => name)

/** More messages than a full folder has, with the secret among them. */
const long = (id: string) => ({
  ...emptySession(id),
  title: `about ${SECRET}`,
  messages: Array.from({ length: 230 }, (_, n) =>
    message(`m${n}`, n === 30 ? `use ${SECRET}` : `message ${n}`),
  ),
})

/** Sessions enough for a listing to be remembered. */
const MANY = 210

/** How many there are. */
async function counted(all: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of all) count++
  return count
}

async function list(folder: string, archived = false): Promise<number> {
  const store = storeAt(folder)
  const found = await counted(store.list({ archived }))
  await store.close()
  return found
}

test('after everything that keeps copies was used', { timeout: 120_000 }, async () => {
  const folder = join(tempFolder(), 'store')
  const server = bareRepository()
  const work = tempFolder()
  mkdirSync(join(work, 'src'))
  writeFileSync(join(work, 'src', 'a.txt'), `a file with ${SECRET}\n`)
  const options = { remote: { url: server }, replicate: false, writer: 'one' } as const
  const store = new GitSessionStore(folder, options)
  for (let n = 0; n < MANY; n++)
    await store.save({ ...emptySession(`s${n}`), title: n === 7 ? `title ${SECRET}` : `title ${n}` })
  await store.save(long('demo'), { files: store.files(work) })
  await store.fork('demo', { session: 'fork' })
  await store.save(long('cold'))
  await store.save(long('pruned'))
  await store.save(long('deleted'))
  await store.tag('demo', 'leak')
  await store.sync()
  const bundle = join(tempFolder(), 'all.bundle')
  await store.bundle(bundle)
  await store.archive({ sessions: ['cold'] })
  await store.retention.discard('pruned')
  await store.delete('deleted')
  const clean = new CleanFile(join(cache, 'forkpoint/clean/rules'))
  for await (const _ of store.scan(undefined, { memory: () => clean }))
    throw new Error('nothing looks like a secret')
  clean.save()
  expect(await counted(store.search([SECRET]))).toBeGreaterThan(0)
  await store.close()
  for (const id of ['demo', 'fork']) {
    const reader = storeAt(folder)
    await reader.load(id)
    await reader.resolve(id, 'main')
    await reader.close()
  }
  await list(folder)
  await list(folder, true)
  expect(holding(folder).filter((name) => name.startsWith('forkpoint/copies'))).not.toEqual([])
  expect(holdingInCache()).not.toEqual([])

  const again = new GitSessionStore(folder, options)
  const report = await again.rewrite('demo', redact, { scope: 'all' })
  expect(report).toMatchObject({ remaining: [] })
  await again.sync()
  await again.close()
  expect(holding(folder)).toEqual([])
  expect(holdingInCache()).toEqual([])
  expectWhole(folder)
  await list(folder)
  await list(folder, true)
  expect(holdingInCache()).toEqual([])
  execFileSync('git', ['--git-dir', server, 'gc', '--quiet', '--prune=now'])
  expect(holding(server)).toEqual([])
})
