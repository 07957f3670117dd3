/** Old ids of long sessions: whether they belong to the session is found out once, whatever becomes of what is kept. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const TURNS = 700
let template: string
/** Of the session's checkpoints, the oldest first. */
const ids: string[] = []

beforeAll(async () => {
  vi.stubEnv('XDG_CACHE_HOME', tempFolder())
  template = tempFolder()
  const store = storeAt(template)
  ids.push((await store.save(emptySession('demo'))).id)
  for (let n = 0; n < TURNS; n++)
    ids.push((await store.append('demo', { messages: [message(`m${n}`, `${n}`)] })).id)
  await store.save(emptySession('other'))
  await store.close()
}, 60_000)

beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', tempFolder())
})

function made(): string {
  const folder = tempFolder()
  cpSync(template, folder, { recursive: true })
  return folder
}

/** What a store that is opened for it says of an id, and how many commits it reads for that. */
async function resolve(folder: string, id: string): Promise<{ found: boolean; reads: number }> {
  const store = storeAt(folder)
  const reading = vi.spyOn(ObjectStore.prototype, 'readCommitData')
  try {
    const found = await store.resolve('demo', id).then(
      (resolved) => resolved === id,
      (error: { code?: string }) => {
        expect(error.code).toBe('NOT_FOUND')
        return false
      },
    )
    return { found, reads: reading.mock.calls.length }
  } finally {
    reading.mockRestore()
    await store.close()
  }
}

const kept = (folder: string): string[] => {
  const place = join(folder, 'forkpoint/copies')
  return existsSync(place) ? readdirSync(place).map((name) => join(place, name)) : []
}

test('the second time, few commits are read', async () => {
  const folder = made()
  const first = await resolve(folder, ids[10]!)
  expect(first.found).toBe(true)
  expect(first.reads).toBeGreaterThan(600)
  const second = await resolve(folder, ids[30]!)
  expect(second.found).toBe(true)
  expect(second.reads).toBeLessThan(100)
})

test('also after more saves', async () => {
  const folder = made()
  await resolve(folder, ids[10]!)
  const store = storeAt(folder)
  await store.append('demo', { messages: [message('more', 'more')] })
  for (const n of [20, 1, 0, 699])
    expect(await resolve(folder, ids[n]!)).toMatchObject({
      found: true,
      reads: expect.toSatisfy((n) => n < 100),
    })
})

test('an id of another session, and of no session, is not found', async () => {
  const folder = made()
  await resolve(folder, ids[0]!)
  const other = gitText(folder, ['rev-parse', 'other/main'])
  expect((await resolve(folder, other)).found).toBe(false)
  expect((await resolve(folder, 'a'.repeat(40))).found).toBe(false)
})

test('an id that no branch reaches any more is not found', async () => {
  const folder = made()
  await resolve(folder, ids[0]!)
  git(folder, ['update-ref', 'refs/heads/demo/main', ids[400]!])
  expect((await resolve(folder, ids[500]!)).found).toBe(false)
  expect((await resolve(folder, ids[300]!)).found).toBe(true)
  expect((await resolve(folder, ids[0]!)).found).toBe(true)
})

test('an id on another branch is found, whatever is known of the active one', async () => {
  const folder = made()
  const store = storeAt(folder)
  await store.fork('demo', { at: ids[5]!, branch: 'b' })
  const { id } = await store.append('demo', { messages: [message('b', 'b')] }, { branch: 'b' })
  await store.append('demo', { messages: [message('c', 'c')] }, { branch: 'b' })
  for (let round = 0; round < 2; round++) {
    expect((await resolve(folder, ids[1]!)).found).toBe(true)
    expect((await resolve(folder, id)).found).toBe(true)
  }
})

describe('It is the same when what is kept is', () => {
  const cases: Record<string, (file: string) => void> = {
    missing: (file) => rmSync(file),
    empty: (file) => truncateSync(file),
    'cut short': (file) => truncateSync(file, 32 + 20),
    damaged: (file) => {
      const bytes = readFileSync(file)
      bytes[500]! ^= 1
      writeFileSync(file, bytes)
    },
    'a folder': (file) => {
      rmSync(file)
      mkdirSync(file)
    },
    "another user's": () => void vi.stubEnv('XDG_CACHE_HOME', tempFolder()),
  }
  for (const [what, harm] of Object.entries(cases)) {
    test(what, async () => {
      const folder = made()
      await resolve(folder, ids[0]!)
      expect(kept(folder)).toHaveLength(1)
      harm(kept(folder)[0]!)
      const other = gitText(folder, ['rev-parse', 'other/main'])
      expect(await resolve(folder, ids[10]!)).toMatchObject({
        found: true,
        reads: expect.toSatisfy((n) => n > 600),
      })
      expect((await resolve(folder, other)).found).toBe(false)
    })
  }

  test('of a full clone that became a shallow one', async () => {
    const folder = made()
    await resolve(folder, ids[0]!)
    writeFileSync(join(folder, 'shallow'), `${ids[300]}\n`)
    expect((await resolve(folder, ids[10]!)).found).toBe(false)
    expect((await resolve(folder, ids[400]!)).found).toBe(true)
  })
})

test('a purge leaves nothing of it', async () => {
  const folder = made()
  await resolve(folder, ids[0]!)
  await storeAt(folder).maintain({ purge: true })
  expect(kept(folder)).toEqual([])
})
