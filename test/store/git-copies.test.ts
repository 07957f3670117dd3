/** Copies of full folders: whatever becomes of them, a state is the same as without them. */
import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { copyOf, readItems } from '../../src/checkpoints/trees/item-copies.ts'
import { Copies } from '../../src/git/database/copies.ts'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { pathsOf } from '../../src/git/disk/paths.ts'
import { changePurgeMark, purgeMark } from '../../src/git/upkeep/purge-mark.ts'
import type { ObjectId } from '../../src/ids.ts'
import type { Session } from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import { TimeSlice } from '../../src/time-slice.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { emptySession, expectWhole, message, storeAt } from './support/git-store.ts'
import { lose } from './support/remade.ts'

let cache: string
beforeEach(() => {
  cache = tempFolder()
  vi.stubEnv('XDG_CACHE_HOME', cache)
})

const MESSAGES = 230
const text = (n: number) => `Message ${n}: über\nmehrere Zeilen ${'x'.repeat(n)}`
const state = (id = 'demo'): Session =>
  ({
    ...emptySession(id),
    messages: Array.from({ length: MESSAGES }, (_, n) => ({
      ...message(`m${n}`, text(n)),
      ...(n % 7 === 0 && { parts: [{ type: 'image', data: Buffer.alloc(9000, n).toString('base64') }] }),
    })),
    runs: Array.from({ length: 110 }, (_, n) => ({
      id: `r${n}`,
      status: 'done',
      prompt: `prompt ${n}`,
      startedAt: '2024-01-01T00:00:00.000Z',
      events: [{ sequence: 1, at: '2024-01-01T00:00:00.000Z', type: 'text', text: `${n}` }],
    })),
  }) as unknown as Session

/** A copy of one that was made once. */
async function made(): Promise<string> {
  const folder = tempFolder()
  cpSync(template, folder, { recursive: true })
  return folder
}

let template: string
beforeAll(async () => {
  template = tempFolder()
  const store = storeAt(template)
  await store.save(state())
  await store.close()
})

const copiesOf = (folder: string): string[] => {
  const place = join(folder, 'forkpoint/copies')
  return existsSync(place) ? readdirSync(place).map((name) => join(place, name)) : []
}

/** By a store that is opened for it. */
async function load(folder: string, options: { at?: string; id?: string } = {}): Promise<unknown> {
  const { id = 'demo', ...at } = options
  const store = storeAt(folder)
  const loaded = await store.load(id, at)
  await store.close()
  return loaded
}

test('a load keeps a copy of each full folder, and the next one gives the same state', async () => {
  const folder = await made()
  expect(copiesOf(folder)).toEqual([])
  expect(await load(folder)).toEqual(state())
  expect(copiesOf(folder)).toHaveLength(3)
  expect(await load(folder)).toEqual(state())
  expect(JSON.stringify(await load(folder))).toBe(JSON.stringify(await storeAt(folder).load('demo')))
  expectWhole(folder)
})

test('later checkpoints, older ones and forks share them', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  const { messages } = state()
  await store.save({ ...state(), messages: messages.slice(0, 200) })
  const early = await store.append('demo', { messages: messages.slice(200, 210) })
  await store.append('demo', { messages: messages.slice(210) })
  await load(folder)
  const before = copiesOf(folder)
  await store.fork('demo', { at: early.id, session: 'other' })
  await store.append('other', { messages: [message('new', 'new')] })
  expect(((await load(folder, { at: early.id })) as Session).messages).toEqual(messages.slice(0, 210))
  expect(((await load(folder, { id: 'other' })) as Session).messages).toHaveLength(211)
  expect(copiesOf(folder)).toEqual(before)
})

test('a caller that changes what it was given does not change the copies', async () => {
  const folder = await made()
  const store = storeAt(folder)
  const session = (await store.load('demo'))!
  for (const one of session.messages) one.content = 'changed'
  session.messages.length = 3
  await store.close()
  expect(copiesOf(folder)).toHaveLength(3)
  expect(await load(folder)).toEqual(state())
})

test('what a copy says is used: it is not only written', async () => {
  const folder = await made()
  await load(folder)
  const [file] = copiesOf(folder).filter((path) => readFileSync(path).includes('Message 7:'))
  forge(file!, readFileSync(join(cache, 'forkpoint/key')))
  expect(((await load(folder)) as Session).messages[7]!.content).toContain('Forgery 7:')
})

/** Another text with a right HMAC, for whoever has the key. */
function forge(file: string, key: Uint8Array): void {
  const changed = Buffer.from(
    readFileSync(file).subarray(32).toString('utf8').replace('Message 7:', 'Forgery 7:'),
  )
  const tree = file.slice(file.lastIndexOf('/') + 1).split('.')[0]
  const mac = createHmac('sha256', key).update(`items 1\n${tree}\n`).update(changed).digest()
  writeFileSync(file, Buffer.concat([mac, changed]))
}

describe('A state is the same with copies that are', () => {
  const cases: Record<string, (file: string, other: string) => void> = {
    missing: (file) => rmSync(file),
    empty: (file) => truncateSync(file),
    'cut short': (file) => truncateSync(file, readFileSync(file).length - 1),
    'longer than they were': (file) => writeFileSync(file, 'x', { flag: 'a' }),
    'damaged in their HMAC': (file) => flip(file, 3),
    'damaged in their text': (file) => flip(file, 1000),
    'full of zeros, as after a power loss': (file) =>
      writeFileSync(file, Buffer.alloc(readFileSync(file).length)),
    'of another tree': (file, other) => writeFileSync(file, readFileSync(other)),
    'forged with another key': (file) => forge(file, Buffer.alloc(32)),
    'larger than any copy': (file) => truncateSync(file, 1 << 30),
    folders: (file) => {
      rmSync(file)
      mkdirSync(file)
    },
    links: (file) => {
      renameSync(file, `${file}.elsewhere`)
      symlinkSync(`${file}.elsewhere`, file)
    },
    'named pipes': (file) => {
      rmSync(file)
      execFileSync('mkfifo', [file])
    },
  }
  for (const [what, harm] of Object.entries(cases)) {
    test.skipIf(what === 'named pipes' && process.platform === 'win32')(what, async () => {
      const folder = await made()
      await load(folder)
      const files = copiesOf(folder)
      files.forEach((file, n) => {
        harm(file, files[(n + 1) % files.length]!)
      })
      expect(await load(folder)).toEqual(state())
      expect(await load(folder)).toEqual(state())
    })
  }
})

const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file)
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
}

test('copies of another user are not believed', async () => {
  const folder = await made()
  await load(folder)
  vi.stubEnv('XDG_CACHE_HOME', tempFolder())
  expect(await load(folder)).toEqual(state())
  expect(copiesOf(folder)).toHaveLength(6)
})

test('a key that others could read is replaced, and so are its copies', async () => {
  if (process.getuid === undefined) return
  const folder = await made()
  await load(folder)
  const key = join(cache, 'forkpoint/key')
  const before = readFileSync(key)
  chmodSync(key, 0o644)
  for (const file of copiesOf(folder).filter((path) => readFileSync(path).includes('Message 7:')))
    forge(file, before)
  expect(await load(folder)).toEqual(state())
  expect(readFileSync(key).equals(before)).toBe(false)
})

test('without a place for the key there are no copies', async () => {
  const folder = await made()
  writeFileSync(join(cache, 'file'), '')
  vi.stubEnv('XDG_CACHE_HOME', join(cache, 'file'))
  expect(await load(folder)).toEqual(state())
  expect(copiesOf(folder)).toEqual([])
})

test('a store with a link in their place is refused', async () => {
  const folder = await made()
  symlinkSync(tempFolder(), join(folder, 'forkpoint/copies'))
  await expect(load(folder)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})

test('verify finds a damaged file that a copy is of', async () => {
  const folder = await made()
  await load(folder)
  lose(folder, gitText(folder, ['rev-parse', 'demo/main:messages/0000/000007-user.json']))
  expect(await load(folder)).toEqual(state())
  const { ok } = await storeAt(folder).verify('demo')
  expect(ok).toBe(false)
})

describe('A purge', () => {
  test('leaves nothing of what it removed', async () => {
    const folder = await made()
    const store = storeAt(folder)
    await store.save(state('other'))
    await load(folder)
    await store.delete('demo')
    await store.delete('other')
    await store.maintain({ purge: true })
    expect(copiesOf(folder)).toEqual([])
  })

  test('leaves nothing of a secret that is taken out of history', async () => {
    const folder = await made()
    const token = sample('ghp_{w36}', seeded(7))
    const store = storeAt(folder)
    const session = (await store.load('demo'))!
    const messages = session.messages.map((one, n) => (n === 5 ? { ...one, content: `about ${token}` } : one))
    await store.save({ ...session, messages }, { expected: await store.resolve('demo', '') })
    await load(folder)
    expect(filesWith(folder, token)).not.toEqual([])
    await store.rewrite('demo', redactSecrets())
    await load(folder)
    expect(copiesOf(folder)).not.toEqual([])
    expect(filesWith(folder, token)).toEqual([])
    expect(filesWith(cache, token)).toEqual([])
  })

  test('goes on in a store that then loads another session', async () => {
    const folder = await made()
    const store = storeAt(folder)
    await store.load('demo')
    await store.maintain({ purge: true })
    await store.load('demo')
    await store.close()
    expect(copiesOf(folder)).toHaveLength(3)
  })

  const tree = 'a'.repeat(40) as ObjectId
  test('between reading and keeping: nothing is kept', async () => {
    const place = { fs: nodeFileSystem, paths: pathsOf(await made()) }
    const copies = new Copies(place, () => purgeMark(place))
    const mark = purgeMark(place)
    changePurgeMark(place)
    copies.write('kind', tree, Buffer.from('text'), mark)
    expect(copiesOf(place.paths.root)).toEqual([])
    expect(copies.read('kind', tree)).toBe(undefined)
  })

  test('while a copy is kept: it goes again', async () => {
    const place = { fs: nodeFileSystem, paths: pathsOf(await made()) }
    let looks = 0
    const copies = new Copies(place, () => (looks++ === 0 ? 'before' : 'after'))
    copies.write('kind', tree, Buffer.from('text'), 'before')
    expect(looks).toBe(2)
    expect(copiesOf(place.paths.root)).toEqual([])
  })
})

test('what JSON does not give back as it is has no copy', async () => {
  const place = { fs: nodeFileSystem, paths: pathsOf(await made()) }
  const copies = new Copies(place, () => '')
  const kept = async (items: unknown[]) => {
    const tree = gitText(
      place.paths.root,
      ['hash-object', '--stdin'],
      `${copiesOf(place.paths.root).length}`,
    ) as ObjectId
    const keep = await copyOf(copies, tree, items, '', new TimeSlice())
    keep?.()
    return readItems(copies, tree, new TimeSlice())
  }
  for (const value of [-0, Number.POSITIVE_INFINITY, { a: [-0] }])
    expect(await kept([1, value])).toBe(undefined)
  const fine = [null, '\ud800', JSON.parse('{"__proto__":1,"b":["ä","\\n"]}'), 'x'.repeat(300_000), 1e300]
  expect(JSON.stringify(await kept(fine))).toBe(JSON.stringify(fine))
  expect(await kept(['x'.repeat(5 << 20)])).toBe(undefined)
})

test('a copy of one kind is none of another', async () => {
  const place = { fs: nodeFileSystem, paths: pathsOf(await made()) }
  const copies = new Copies(place, () => '')
  copies.write('one', 'a'.repeat(40), Buffer.from('text'), '')
  expect(copies.read('one', 'a'.repeat(40))?.toString()).toBe('text')
  expect(copies.read('two', 'a'.repeat(40))).toBe(undefined)
})

test('the oldest copies go when there are too many', async () => {
  const place = { fs: nodeFileSystem, paths: pathsOf(await made()) }
  const copies = () => new Copies(place, () => '', 10_000)
  for (let n = 0; n < 30; n++) copies().write('kind', `${1000 + n}`.repeat(10), Buffer.alloc(1000), '')
  expect(copiesOf(place.paths.root).length).toBeGreaterThan(4)
  expect(copiesOf(place.paths.root).length).toBeLessThan(11)
  expect(copies().read('kind', '1029'.repeat(10))?.length).toBe(1000)
})

/** Files below a folder that hold a text. */
function filesWith(folder: string, wanted: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(wanted))
}
