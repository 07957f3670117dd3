/** What a listing keeps in the user's cache: whatever becomes of it, the next listing says the same as without it. */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ListOptions, SessionSummary } from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import { all } from '../../src/testing/context.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { ROOT } from '../support/build.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'
import { lose } from './support/remade.ts'

/** More than are read again rather than kept. */
const SESSIONS = 230

let cache: string
beforeEach(() => {
  cache = tempFolder()
})

/** By a store that is opened for it, with what is in the cache. */
async function list(folder: string, options?: ListOptions, from = cache): Promise<SessionSummary[]> {
  vi.stubEnv('XDG_CACHE_HOME', from)
  const store = storeAt(folder)
  const listed = await all(store.list(options))
  await store.close()
  return listed
}

const listAnew = (folder: string, options?: ListOptions) => list(folder, options, tempFolder())

/** The cache's files. */
const kept = (): string[] => {
  const folder = join(cache, 'forkpoint')
  return readdirSync(folder).map((name) => join(folder, name))
}

async function expectSame(folder: string): Promise<void> {
  for (const options of [
    {},
    { limit: 7 },
    { order: 'id', after: 's1' },
    { type: 'session', limit: 3 },
  ] as const)
    expect(await list(folder, options)).toEqual(await listAnew(folder, options))
}

/** A copy of one that was made once, with packed refs. */
async function made(): Promise<string> {
  const folder = tempFolder()
  cpSync(template, folder, { recursive: true })
  return folder
}

let template: string
beforeAll(async () => {
  template = await makeStore(SESSIONS)
  gitText(template, ['pack-refs', '--all'])
})

async function makeStore(sessions: number): Promise<string> {
  const folder = tempFolder()
  const store = storeAt(folder, { now: clock() })
  await Promise.all(
    Array.from({ length: sessions }, (_, i) =>
      store.save({ ...emptySession(i === 3 ? 'X'.repeat(300) : `s${i}`), title: `Title of ${i} – ä\n"` }),
    ),
  )
  await store.close()
  return folder
}

/** Some sessions have the same time. */
function clock(): () => number {
  let calls = 0
  return () => Date.parse('2024-05-01') + Math.floor(calls++ / 3) * 1000
}

test('a listing of many sessions is kept for this user alone', async () => {
  const folder = await made()
  const first = await list(folder, { limit: 5 })
  const [file, ...others] = kept()
  expect(others).toEqual([])
  expect(lstatSync(file!).mode & 0o777).toBe(0o600)
  expect(lstatSync(join(cache, 'forkpoint')).mode & 0o777).toBe(0o700)
  expect(first).toEqual(await listAnew(folder, { limit: 5 }))
  await expectSame(folder)
  expect(readFileSync(file!, 'utf8')).toContain('Title of 7')
})

test('one of few sessions is not kept', async () => {
  const folder = await makeStore(20)
  await list(folder)
  expect(readdirSync(cache)).toEqual([])
})

describe('It says the same', () => {
  test('after sessions were saved, forked, switched, moved by git and deleted', async () => {
    const folder = await made()
    await list(folder)
    const store = storeAt(folder)
    await store.append('s1', { messages: [message('m', 'text')] })
    await store.append('s2', { messages: [message('m', 'text')] })
    await store.append('s2', { set: { title: 'other' } })
    await store.fork('s4', { session: 'aa' })
    await store.fork('s2', { at: 'main~1', branch: 'old' })
    await store.switch('s2', 'old')
    await store.delete('s5')
    await store.close()
    gitText(folder, ['update-ref', 'refs/heads/s1/main', 'refs/heads/s1/main~1'])
    gitText(folder, ['update-ref', 'refs/heads/s6/main', 'refs/heads/s7/main'])
    gitText(folder, ['update-ref', '-d', 'refs/heads/s8/main'])
    await expectSame(folder)
    gitText(folder, ['pack-refs', '--all'])
    await expectSame(folder)
  })

  test.each<[string, (file: string) => void]>([
    ['empty', (file) => writeFileSync(file, '')],
    ['cut off', (file) => writeFileSync(file, readFileSync(file).subarray(0, 5000))],
    ['damaged', (file) => change(file, (text) => text.replace('Title of 9', 'Title of !'))],
    ['garbage', (file) => writeFileSync(file, '\n\n{}\n')],
    [
      'of another store',
      (file) => change(file, (text) => text.replace(/ [0-9a-f]{40} /g, ` ${'1'.repeat(40)} `)),
    ],
    ['in another order', (file) => change(file, reversed, true)],
    ['without its fields', (file) => change(file, (text) => text.replaceAll('messages', 'massages'), true)],
  ])('where it is %s', async (_, damage) => {
    const folder = await made()
    await list(folder)
    damage(kept()[0]!)
    await expectSame(folder)
  })

  test.each<[string, (file: string) => void]>([
    ['others can write', (file) => chmodSync(file, 0o622)],
    ['others can write the folder', (file) => chmodSync(join(file, '..'), 0o777)],
  ])('where %s, and so could have forged it', async (_, open) => {
    const folder = await made()
    await list(folder)
    change(kept()[0]!, (text) => text.replaceAll('Title of', 'Forged'), true)
    expect((await list(folder, { limit: 1 }))[0]!.title).toContain('Forged')
    open(kept()[0]!)
    await expectSame(folder)
  })

  test('where the cache is a link', async () => {
    const folder = await made()
    await list(folder)
    const [there, real] = [cache, kept()[0]!]
    change(real, (text) => text.replaceAll('Title of', 'Forged'), true)
    cache = tempFolder()
    mkdirSync(join(cache, 'forkpoint'), { mode: 0o700 })
    symlinkSync(real, join(cache, 'forkpoint', real.slice(join(there, 'forkpoint').length + 1)))
    await expectSame(folder)
  })

  test('where there is no place for it', async () => {
    const folder = await made()
    writeFileSync(join(cache, 'file'), '')
    cache = join(cache, 'file')
    await expectSame(folder)
  })

  test('for a store of another type beside it', async () => {
    const folder = await made()
    await list(folder)
    vi.stubEnv('XDG_CACHE_HOME', cache)
    const store = storeAt(folder)
    const chats = store.view<{ id: string; type: string; turns: unknown[] }>({
      type: 'chat',
      collections: ['turns'],
    })
    await chats.save({ id: 'chat', type: 'chat', turns: [1, 2, 3] })
    const counts = async () => [
      (await all(chats.list({ type: 'chat' })))[0]!.messages,
      (await all(store.list({ type: 'chat' })))[0]!.messages,
    ]
    expect([await counts(), await counts()]).toEqual([
      [3, 0],
      [3, 0],
    ])
  })
})

test('a session whose commit is lost is a problem, as it is without the cache', async () => {
  const folder = await made()
  await list(folder)
  lose(folder, gitText(folder, ['rev-parse', 's9/main']))
  await expectSame(folder)
  expect((await list(folder)).filter(({ problem }) => problem !== undefined).map(({ id }) => id)).toEqual([
    's9',
  ])
})

test('random operations, listed with and without', async () => {
  const folder = await made()
  await list(folder)
  const store = storeAt(folder)
  let seed = 5
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % below
  }
  for (let round = 0; round < 60; round++) {
    const id = `s${random(12)}`
    const kinds = [
      () => store.append(id, { set: { title: `round ${round}` } }),
      () => store.append(id, { messages: [message(`m${round}`, 'text')] }),
      () => store.fork(id, { branch: `b${round}` }),
      async () => store.switch(id, (await store.branches(id))[random(1)]!.name),
      () => store.delete(id),
      () => store.save(emptySession(`new-${round}`)),
      () => store.maintain(),
    ]
    if (id !== 's3' && (await store.exists(id))) await kinds[random(round % 20 === 0 ? 7 : 6)]!()
    expect(await list(folder, { limit: 9 })).toEqual(await listAnew(folder, { limit: 9 }))
  }
  await expectSame(folder)
})

test('two processes list and keep at the same time', async () => {
  const folder = await made()
  const script = `import { GitSessionStore } from ${JSON.stringify(`${ROOT}/dist/index.js`)}
    const found = []
    for await (const { id } of new GitSessionStore(${JSON.stringify(folder)}).list()) found.push(id)
    console.log(found.length)`
  const run = () =>
    new Promise<string>((resolve, reject) => {
      const env = { ...process.env, XDG_CACHE_HOME: cache }
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env })
      let out = ''
      child.stdout.on('data', (text) => (out += text))
      child.on('error', reject)
      child.on('close', () => resolve(out.trim()))
    })
  expect(await Promise.all([run(), run(), run()])).toEqual(Array(3).fill(`${SESSIONS}`))
  expect(kept().length).toBe(1)
  await expectSame(folder)
})

describe('A purge', () => {
  test('leaves nothing of what it removed', async () => {
    const folder = await made()
    await list(folder)
    expect(readFileSync(kept()[0]!, 'utf8')).toContain('Title of 9 ')
    vi.stubEnv('XDG_CACHE_HOME', cache)
    const store = storeAt(folder)
    await store.delete('s9')
    await store.maintain({ purge: true })
    for (const file of kept()) expect(readFileSync(file, 'utf8')).not.toContain('Title of 9 ')
    await all(store.list())
    for (const file of kept()) expect(readFileSync(file, 'utf8')).not.toContain('Title of 9 ')
    await expectSame(folder)
  })

  test('leaves nothing of a secret that is taken out of history', async () => {
    const folder = await made()
    const token = sample('ghp_{w36}', seeded(7))
    vi.stubEnv('XDG_CACHE_HOME', cache)
    const store = storeAt(folder)
    await store.append('s9', { set: { title: `about ${token}` } })
    await all(store.list())
    expect(readFileSync(kept()[0]!, 'utf8')).toContain(token)
    await store.rewrite('s9', redactSecrets())
    await all(store.list())
    for (const file of kept()) expect(readFileSync(file, 'utf8')).not.toContain(token)
    await expectSame(folder)
  })

  test("takes another user's with it at that user's next listing", async () => {
    const folder = await made()
    await list(folder)
    const store = storeAt(folder)
    await store.delete('s9')
    vi.stubEnv('XDG_CACHE_HOME', tempFolder())
    await store.maintain({ purge: true })
    expect(readFileSync(kept()[0]!, 'utf8')).toContain('Title of 9 ')
    await list(folder, { limit: 1 })
    expect(readFileSync(kept()[0]!, 'utf8')).not.toContain('Title of 9 ')
    await expectSame(folder)
  })
})

test('what is kept of a store goes once the store has gone', async () => {
  const gone = await made()
  await list(gone)
  const other = await made()
  rmSync(gone, { recursive: true })
  await list(other)
  expect(kept().length).toBe(1)
})

const reversed = (text: string): string => `${text.trimEnd().split('\n').reverse().join('\n')}\n`

/** Writes other lines into the file; with the right sum, if it is to look as if it were ours. */
function change(file: string, edit: (text: string) => string, isSummed = false): void {
  const content = readFileSync(file, 'utf8')
  const end = content.indexOf('\n')
  const text = edit(content.slice(end + 1))
  const head = JSON.parse(content.slice(0, end))
  writeFileSync(file, `${JSON.stringify({ ...head, ...(isSummed && { crc: crc32(text) }) })}\n${text}`)
}
