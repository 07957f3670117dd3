import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { CorruptError, ForkpointError } from '../../src/errors.ts'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { objectId } from '../../src/git/objects/object.ts'
import { type ObjectId, trustedId } from '../../src/ids.ts'
import { deltaSize, distance, type HandMadeEntry, insertDelta, placePack } from './hand-made-pack.ts'
import { git, gitText, tempFolder } from './real-git.ts'

const blobId = (data: string | Buffer): ObjectId => objectId('blob', Buffer.from(data as string))
const open = (objects: string): ObjectStore => new ObjectStore(nodeFileSystem, objects)

/** Reads one object out of a pack of these entries. */
async function readFrom(entries: readonly HandMadeEntry[], id: ObjectId): Promise<string> {
  const objects = tempFolder()
  placePack(objects, entries)
  const store = open(objects)
  try {
    return Buffer.from((await store.read(id)).data).toString()
  } finally {
    store.close()
  }
}

const base: HandMadeEntry = { id: blobId('base'), type: 3, data: Buffer.from('base') }
const bad = trustedId('ee'.repeat(20))

describe('deltas', () => {
  it('by distance and by id are applied, whatever lies between', async () => {
    const entries: HandMadeEntry[] = [
      base,
      { id: blobId('filler'), type: 3, data: Buffer.from('filler') },
      { id: blobId('one'), type: 6, base: 0, data: insertDelta(4, 'one') },
      { id: blobId('two'), type: 7, base: blobId('one'), data: insertDelta(3, 'two') },
      { id: blobId('three'), type: 7, base: blobId('four'), data: insertDelta(4, 'three') },
      { id: blobId('four'), type: 6, base: 3, data: insertDelta(3, 'four') },
    ]
    for (const text of ['one', 'two', 'three', 'four'])
      expect(await readFrom(entries, blobId(text))).toBe(text)
  })

  it('of 4,000 steps are followed without filling the stack', async () => {
    const entries = [base]
    for (let n = 0; n < 4000; n++) {
      const before = n === 0 ? 'base' : `step ${n - 1}`
      entries.push({
        id: blobId(`step ${n}`),
        type: 6,
        base: n,
        data: insertDelta(before.length, `step ${n}`),
      })
    }
    expect(await readFrom(entries, blobId('step 3999'))).toBe('step 3999')
  })

  it('may have their base in another pack or in a loose file', async () => {
    const objects = tempFolder()
    placePack(objects, [base])
    placePack(objects, [{ id: blobId('one'), type: 7, base: base.id, data: insertDelta(4, 'one') }])
    git(objects, ['init', '-q', '--bare', 'other'])
    const loose = gitText(path.join(objects, 'other'), ['hash-object', '-w', '--stdin'], 'loose')
    fs.cpSync(path.join(objects, 'other/objects', loose.slice(0, 2)), path.join(objects, loose.slice(0, 2)), {
      recursive: true,
    })
    placePack(objects, [{ id: blobId('two'), type: 7, base: loose, data: insertDelta(5, 'two') }])
    const store = open(objects)
    const many = await store.readMany([blobId('one'), blobId('two')])
    expect([...many.values()].map(({ data }) => Buffer.from(data).toString()).sort()).toEqual(['one', 'two'])
  })

  const copy = (from: number, size: number): Buffer =>
    Buffer.from([
      0xff,
      from & 255,
      (from >> 8) & 255,
      (from >> 16) & 255,
      from >>> 24,
      size & 255,
      (size >> 8) & 255,
      size >> 16,
    ])
  const hostile: Record<string, Partial<HandMadeEntry>> = {
    'that copy from behind the base': { data: Buffer.concat([deltaSize(4), deltaSize(4), copy(2, 4)]) },
    'that copy from 4 GiB on': { data: Buffer.concat([deltaSize(4), deltaSize(4), copy(0xffffffff, 4)]) },
    'that make more than they claim': { data: Buffer.concat([deltaSize(4), deltaSize(2), copy(0, 4)]) },
    'that make less than they claim': { data: Buffer.concat([deltaSize(4), deltaSize(9), copy(0, 4)]) },
    'that claim 2 GiB': { data: Buffer.concat([deltaSize(4), deltaSize(2 ** 31), copy(0, 4)]) },
    'that claim 60 MB and are three bytes long': {
      data: Buffer.concat([deltaSize(4), deltaSize(60_000_000), copy(0, 4)]),
    },
    'that claim more than a number holds': { data: Buffer.concat([deltaSize(4), Buffer.alloc(20, 0xff)]) },
    'for a base of another size': { data: insertDelta(5, 'x') },
    'with the reserved instruction': { data: Buffer.concat([deltaSize(4), deltaSize(4), Buffer.from([0])]) },
    'that end within an instruction': {
      data: Buffer.concat([deltaSize(4), deltaSize(4), Buffer.from([0x91])]),
    },
    'that insert more than there is': {
      data: Buffer.concat([deltaSize(4), deltaSize(9), Buffer.from([9, 1])]),
    },
    'that are empty': { data: Buffer.alloc(0) },
    'whose base is themselves': { base: Buffer.from([0]) },
    'whose base is before the pack': { base: distance(100_000) },
    'whose base is in the header': { base: distance(20) },
    'whose distance does not end': { base: Buffer.alloc(20, 0xff) },
    'whose base is their own id': { type: 7, base: bad },
    'whose base is nowhere': { type: 7, base: 'ab'.repeat(20) },
    'with a header that claims 2 GiB': { size: 2 ** 31 },
    'with a header that claims 60 MB': { size: 60_000_000 },
    'with a broken stream': { stream: Buffer.from('no stream at all, this is') },
    'of an unknown type': { type: 5 },
    'of no type': { type: 0 },
  }
  for (const [what, entry] of Object.entries(hostile)) {
    it(`${what} are refused, and the rest is read`, async () => {
      const entries = [base, { id: bad, type: 6, base: 0, data: insertDelta(4, 'x'), ...entry }]
      const before = process.memoryUsage().arrayBuffers
      const error = await readFrom(entries, bad).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(CorruptError)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
      expect((error as CorruptError).file ?? (error as CorruptError).object).toBeDefined()
      expect(await readFrom(entries, base.id)).toBe('base')
    })
  }

  it('that lead in a circle are refused, within a pack and from pack to pack', async () => {
    const other = trustedId('dd'.repeat(20))
    const round: HandMadeEntry[] = [
      { id: bad, type: 7, base: other, data: insertDelta(1, 'a') },
      { id: other, type: 7, base: bad, data: insertDelta(1, 'b') },
    ]
    await expect(readFrom(round, bad)).rejects.toThrow(CorruptError)
    const objects = tempFolder()
    for (const entry of round) placePack(objects, [entry])
    await expect(open(objects).read(bad)).rejects.toThrow(CorruptError)
  })

  it('that make another object than their id says are refused', async () => {
    const entries = [base, { id: bad, type: 6, base: 0, data: insertDelta(4, 'something else') }]
    await expect(readFrom(entries, bad)).rejects.toMatchObject({ code: 'CORRUPT', object: bad })
  })
})

describe('whole objects', () => {
  it('that claim more or less than they hold, or more than is read, are refused without taking the memory', async () => {
    const data = Buffer.alloc(2000, 'content ')
    for (const size of [1999, 2001, 600_000, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const before = process.memoryUsage().arrayBuffers
      await expect(
        readFrom([{ id: blobId(data), type: 3, data, size }], blobId(data)),
        `${size}`,
      ).rejects.toThrow(CorruptError)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
    }
  })

  it('of 50 MiB are read, and of more than the limit refused', async () => {
    const objects = tempFolder()
    const data = Buffer.alloc(50 * 1024 * 1024, 'a large value ')
    placePack(objects, [{ id: blobId(data), type: 3, data }])
    expect(data.equals((await open(objects).read(blobId(data))).data)).toBe(true)
    const strict = new ObjectStore(nodeFileSystem, objects, { maxObjectSize: 1_000_000 })
    await expect(strict.read(blobId(data))).rejects.toThrow(CorruptError)
  })
})

describe('a damaged file', () => {
  let original: string
  let expected: Map<ObjectId, Buffer>

  beforeAll(async () => {
    const folder = tempFolder()
    git(folder, ['init', '-q', '--bare', '.'])
    const ids: ObjectId[] = []
    for (let n = 0; n < 40; n++) {
      const text = Array.from({ length: 60 }, (_, line) => `line ${line} ${(line * 7919) % (n + 3)}\n`).join(
        '',
      )
      ids.push(trustedId(gitText(folder, ['hash-object', '-w', '--stdin'], `${text}${n}`)))
    }
    const large = Buffer.alloc(700_000, 'large enough for a stream ')
    ids.push(trustedId(gitText(folder, ['hash-object', '-w', '--stdin'], large)))
    git(folder, ['pack-objects', '-q', '--depth=10', 'objects/pack/pack'], `${ids.join('\n')}\n`)
    git(folder, ['prune-packed'])
    original = path.join(folder, 'objects')
    expected = new Map()
    for (const [id, { data }] of await open(original).readMany(ids)) expected.set(id, Buffer.from(data))
    expect(expected.size).toBe(ids.length)
  })

  /** Reads everything; what comes must be right, what does not must be a typed error. Returns what was read. */
  async function readAll(objects: string): Promise<number> {
    const store = open(objects)
    let good = 0
    const attempt = async (action: () => Promise<void> | void): Promise<void> => {
      try {
        await action()
      } catch (error) {
        if (!(error instanceof ForkpointError)) throw error
      }
    }
    for (const [id, data] of expected) {
      await attempt(async () => {
        expect(data.equals((await store.read(id)).data)).toBe(true)
        good++
      })
    }
    await attempt(() =>
      store.readMany(expected.keys(), (id, { data }) => expect(expected.get(id)!.equals(data)).toBe(true)),
    )
    await attempt(async () => void (await store.has(bad)))
    await attempt(() => void store.expand('a'))
    await attempt(() => void [...store.objectIds()])
    await attempt(() => void store.packs())
    store.close()
    return good
  }

  const damaged = (change: (pack: Buffer, index: Buffer) => [pack: Buffer, index: Buffer]): string => {
    const objects = tempFolder()
    fs.mkdirSync(path.join(objects, 'pack'))
    const name = fs.readdirSync(path.join(original, 'pack')).find((file) => file.endsWith('.pack'))!
    const files = [name, name.replace(/pack$/, 'idx')]
    const [pack, index] = change(
      ...(files.map((file) => fs.readFileSync(path.join(original, 'pack', file))) as [Buffer, Buffer]),
    )
    fs.writeFileSync(path.join(objects, 'pack', files[0]!), pack)
    fs.writeFileSync(path.join(objects, 'pack', files[1]!), index)
    return objects
  }

  it('with a flipped bit anywhere gives right data or a typed error', async () => {
    let survived = 0
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat(), fc.nat(7), async (inPack, place, bit) => {
        const objects = damaged((pack, index) => {
          const file = inPack ? pack : index
          file[place % file.length]! ^= 1 << bit
          return [pack, index]
        })
        survived += await readAll(objects)
      }),
      { numRuns: 250, seed: 9 },
    )
    // One bit spoils one object, those made of it, or the file's ends: most of the rest stays readable.
    expect(survived).toBeGreaterThan(250 * expected.size * 0.5)
  })

  it('with every byte of its head, or of an index, turned over gives right data or a typed error', async () => {
    for (let place = 0; place < 1200; place += place < 40 ? 1 : 29) {
      for (const inPack of [true, false]) {
        await readAll(
          damaged((pack, index) => {
            const file = inPack ? pack : index
            file[place % file.length]! ^= 0xff
            return [pack, index]
          }),
        )
      }
    }
  })

  it('cut short or overgrown is named', async () => {
    const [id] = expected.keys()
    const changes: Record<string, (pack: Buffer, index: Buffer) => [Buffer, Buffer]> = {
      'pack cut': (pack, index) => [pack.subarray(0, -1), index],
      'pack halved': (pack, index) => [pack.subarray(0, pack.length / 2), index],
      'pack almost empty': (pack, index) => [pack.subarray(0, 10), index],
      'pack empty': (pack, index) => [pack.subarray(0, 0), index],
      'pack overgrown': (pack, index) => [Buffer.concat([pack, Buffer.from('x')]), index],
      'pack of another version': (pack, index) => [
        Buffer.concat([Buffer.from('PACK\0\0\0\x09'), pack.subarray(8)]),
        index,
      ],
      'index cut': (pack, index) => [pack, index.subarray(0, -8)],
      'index halved': (pack, index) => [pack, index.subarray(0, index.length / 2)],
      'index empty': (pack, index) => [pack, index.subarray(0, 0)],
      'index overgrown': (pack, index) => [pack, Buffer.concat([index, Buffer.alloc(3)])],
    }
    for (const [what, change] of Object.entries(changes)) {
      const error = await open(damaged(change))
        .read(id!)
        .catch((thrown: unknown) => thrown)
      expect(error, what).toBeInstanceOf(CorruptError)
      expect((error as CorruptError).file, what).toMatch(what.startsWith('pack') ? /\.pack$/ : /\.idx$/)
    }
  })

  it('that is a link, a folder or a pipe is named, and nothing waits for it', async () => {
    const [id] = expected.keys()
    for (const ending of ['pack', 'idx']) {
      for (const kind of ['link', 'folder', 'pipe']) {
        const objects = damaged((pack, index) => [pack, index])
        const file = fs.readdirSync(path.join(objects, 'pack')).find((name) => name.endsWith(ending))!
        const full = path.join(objects, 'pack', file)
        fs.renameSync(full, path.join(objects, 'elsewhere'))
        if (kind === 'link') fs.symlinkSync(path.join(objects, 'elsewhere'), full)
        else if (kind === 'folder') fs.mkdirSync(full)
        else gitText(objects, ['-c', `alias.pipe=!mkfifo '${full}'`, 'pipe'])
        await expect(open(objects).read(id!), `${ending} ${kind}`).rejects.toMatchObject({
          code: 'CORRUPT',
          file: full,
        })
      }
    }
  })

  it('does not hide a good copy elsewhere', async () => {
    const objects = damaged((pack, index) => {
      pack.fill(0, 12, pack.length - 20)
      return [pack, index]
    })
    const [id, data] = [...expected][0]!
    await expect(open(objects).read(id)).rejects.toThrow(CorruptError)
    placePack(objects, [{ id, type: 3, data }])
    expect(data.equals((await open(objects).read(id)).data)).toBe(true)
    expect((await open(objects).readMany([id])).size).toBe(1)
  })
})
