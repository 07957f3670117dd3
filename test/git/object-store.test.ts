import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import isomorphic from 'isomorphic-git'
import { beforeAll, describe, expect, it } from 'vitest'
import { CorruptError, UnsupportedError } from '../../src/errors.ts'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import { type FileSystem, nodeFileSystem, type OpenFile } from '../../src/git/disk/file-system.ts'
import { encodeCommit } from '../../src/git/objects/commit.ts'
import { EMPTY_TREE, type NewObject, newObject } from '../../src/git/objects/object.ts'
import { PackIndex } from '../../src/git/packs/pack-index.ts'
import { buildIndex, buildPack } from '../../src/git/packs/writer.ts'
import { type ObjectId, trustedId } from '../../src/ids.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'
import { encodeTree } from './support/trees.ts'

/** A repository with every type of object, files that grow a little from commit to commit, and a large one. */
function history(): string {
  const folder = tempFolder()
  git(folder, ['init', '--quiet', '--initial-branch=main', '.'])
  git(folder, ['config', 'gc.auto', '0'])
  for (let n = 0; n < 30; n++) {
    fs.mkdirSync(path.join(folder, `dir${n % 3}`), { recursive: true })
    const lines = Array.from(
      { length: 80 + n },
      (_, line) => `line ${line} of ${n % 4 ? 'this' : line}\n`,
    ).join('')
    fs.writeFileSync(path.join(folder, `dir${n % 3}/file.txt`), lines)
    fs.writeFileSync(
      path.join(folder, `dir${n % 3}/other-${n}.json`),
      JSON.stringify({ n, lines: lines.slice(0, 900) }),
    )
    if (n % 10 === 0) fs.writeFileSync(path.join(folder, 'large.txt'), `${lines.repeat(700)}${n}`)
    git(folder, ['add', '-A'])
    git(folder, ['commit', '--quiet', '-m', `commit ${n}`])
  }
  git(folder, ['tag', '-a', '-m', 'a tag', 'v1'])
  return path.join(folder, '.git')
}

/** Every object of the repository as `git cat-file --batch` gives it. */
function objectsByGit(repository: string): Map<ObjectId, { type: string; data: Buffer }> {
  const out = git(repository, ['cat-file', '--batch', '--batch-all-objects'])
  const all = new Map<ObjectId, { type: string; data: Buffer }>()
  for (let at = 0; at < out.length; ) {
    const end = out.indexOf('\n', at)
    const [id, type, size] = out.toString('latin1', at, end).split(' ')
    all.set(trustedId(id!), { type: type!, data: out.subarray(end + 1, end + 1 + Number(size)) })
    at = end + 2 + Number(size)
  }
  return all
}

async function expectSame(repository: string): Promise<void> {
  const expected = objectsByGit(repository)
  expect(expected.size).toBeGreaterThan(100)
  const store = new ObjectStore(nodeFileSystem, path.join(repository, 'objects'))
  expect([...store.objectIds()].sort()).toEqual([...expected.keys()].sort())
  const many = await new ObjectStore(nodeFileSystem, path.join(repository, 'objects')).readMany(
    expected.keys(),
  )
  for (const [id, { type, data }] of expected) {
    const one = await store.read(id)
    expect(one.type).toBe(type)
    expect(data.equals(one.data)).toBe(true)
    expect(data.equals(many.get(id)!.data)).toBe(true)
  }
  store.close()
}

describe('objects that real git wrote are read back byte for byte', () => {
  let original: string
  beforeAll(() => {
    original = history()
  })
  const copy = (): string => {
    const folder = path.join(tempFolder(), 'copy')
    fs.cpSync(original, folder, { recursive: true })
    return folder
  }

  it('from loose files', () => expectSame(original))

  it('from a pack with deltas by offset', async () => {
    const repository = copy()
    git(repository, ['repack', '-adfq', '--depth=50', '--window=50'])
    expect(gitText(repository, ['count-objects', '-v'])).toContain('count: 0')
    await expectSame(repository)
  })

  it('from a pack with deltas by id', async () => {
    const repository = copy()
    git(repository, ['-c', 'repack.useDeltaBaseOffset=false', 'repack', '-adfq', '--depth=50', '--window=50'])
    await expectSame(repository)
  })

  it('from a pack with an index of version 1', async () => {
    const repository = copy()
    git(repository, ['-c', 'pack.indexVersion=1', 'repack', '-adfq'])
    await expectSame(repository)
  })

  it('from many packs and loose files beside each other', async () => {
    const repository = copy()
    const ids = gitText(repository, ['rev-list', '--objects', '--all', '--no-object-names']).split('\n')
    for (let n = 0; n < 20; n++) {
      git(
        repository,
        ['pack-objects', '-q', 'objects/pack/pack'],
        `${ids.filter((_, i) => i % 25 === n).join('\n')}\n`,
      )
    }
    git(repository, ['prune-packed', '-q'])
    await expectSame(repository)
  })
})

const text = (value: string): Buffer => Buffer.from(value, 'utf8')
const store = (repository: string): ObjectStore =>
  new ObjectStore(nodeFileSystem, path.join(repository, 'objects'))

function place(repository: string, objects: readonly NewObject[]): string {
  const { name, pack, index } = buildPack(objects)
  fs.writeFileSync(path.join(repository, `objects/pack/pack-${name}.pack`), pack)
  fs.writeFileSync(path.join(repository, `objects/pack/pack-${name}.idx`), index)
  return name
}

describe('what we write', () => {
  it('is what isomorphic-git and C git read', async () => {
    const repository = bareRepository()
    const blob = newObject('blob', text('hello ✓\n'.repeat(200)))
    const tree = newObject('tree', encodeTree([{ name: 'héllo.txt', mode: '100644', id: blob.id }]))
    const person = { name: 'Ann', email: 'ann@example.com', at: 1_700_000_000_000 }
    const commit = newObject(
      'commit',
      encodeCommit({ tree: tree.id, parents: [], author: person, committer: person, message: 'ünï\n' }),
    )
    place(repository, [blob, tree, commit])
    git(repository, ['update-ref', 'refs/heads/main', commit.id])
    const [log] = await isomorphic.log({ fs, gitdir: repository, ref: 'main' })
    expect(log!.commit).toMatchObject({ message: 'ünï\n', author: { name: 'Ann', timestamp: 1_700_000_000 } })
    const read = await isomorphic.readBlob({ fs, gitdir: repository, oid: commit.id, filepath: 'héllo.txt' })
    expect(blob.data).toEqual(Buffer.from(read.blob))
    expect(git(repository, ['cat-file', 'blob', 'main:héllo.txt']).equals(blob.data)).toBe(true)
    expect(gitText(repository, ['fsck', '--strict'])).toBe('')
  })
})

describe('looking for objects', () => {
  it('knows what is there, by whole id and by prefix', async () => {
    const repository = bareRepository()
    const blobs = Array.from({ length: 300 }, (_, n) => newObject('blob', text(`blob ${n}`)))
    place(repository, blobs.slice(0, 100))
    place(repository, blobs.slice(90, 200))
    for (const { data } of blobs.slice(200)) gitText(repository, ['hash-object', '-w', '--stdin'], data)
    const objects = store(repository)
    for (const { id } of blobs) expect(await objects.has(id)).toBe(true)
    expect(await objects.has(trustedId('ab'.repeat(20)))).toBe(false)
    expect(await objects.tryRead(trustedId('ab'.repeat(20)))).toBeUndefined()
    expect([...objects.objectIds()].sort()).toEqual(blobs.map(({ id }) => id).sort())
    for (const prefix of [
      '',
      'zz',
      'A',
      '0',
      'f',
      blobs[0]!.id,
      blobs[250]!.id.slice(0, 7),
      blobs[150]!.id.slice(0, 3),
    ]) {
      const expected =
        prefix === ''
          ? []
          : blobs
              .map(({ id }) => id)
              .filter((id) => id.startsWith(prefix))
              .sort()
      expect(objects.expand(prefix, 5)).toEqual(expected.slice(0, 5))
    }
    expect(
      objects
        .packs()
        .map(({ objects: count }) => count)
        .sort(),
    ).toEqual([100, 110])
    expect(objects.packs()[0]!.bytes).toBeGreaterThan(2000)
  })

  it('names an object that is missing', async () => {
    const gone = trustedId('ab'.repeat(20))
    const repository = bareRepository()
    await expect(store(repository).read(gone)).rejects.toMatchObject({ code: 'CORRUPT', object: gone })
    await expect(store(repository).readMany([gone])).rejects.toThrow(CorruptError)
    expect(await store(repository).read(EMPTY_TREE)).toMatchObject({ type: 'tree' })
  })

  it('says that a partial clone is one', async () => {
    const repository = bareRepository()
    const name = place(repository, [newObject('blob', text('here'))])
    fs.writeFileSync(path.join(repository, `objects/pack/pack-${name}.promisor`), '')
    await expect(store(repository).read(trustedId('ab'.repeat(20)))).rejects.toThrow(UnsupportedError)
  })

  it('sees packs and loose files that appear later, ours without looking', async () => {
    const repository = bareRepository()
    const objects = store(repository)
    const [first, second, third] = ['1', '2', '3'].map((n) => newObject('blob', text(n)))
    expect(await objects.has(first!.id)).toBe(false)
    place(repository, [first!])
    expect(await objects.has(first!.id)).toBe(true)
    gitText(repository, ['hash-object', '-w', '--stdin'], '2')
    expect((await objects.read(second!.id)).data).toEqual(text('2'))
    objects.addPack(place(repository, [third!]), buildPack([third!]).index)
    expect((await objects.read(third!.id)).data).toEqual(text('3'))
    expect(objects.packs()).toHaveLength(2)
  })

  it('sees what has just appeared in every one of many look-ups at the same time', async () => {
    const repository = bareRepository()
    const objects = store(repository)
    for (let round = 0; round < 20; round++) {
      const blobs = ['a', 'b', 'c'].map((name) => newObject('blob', text(`${name}${round}`)))
      for (const blob of blobs) place(repository, [blob])
      const reads = [...blobs, ...blobs, ...blobs].map(({ id }) => objects.read(id))
      const found = await Promise.allSettled(reads)
      expect(found.map(({ status }) => status)).toEqual(reads.map(() => 'fulfilled'))
    }
    await expect(objects.read(trustedId('ab'.repeat(20)))).rejects.toThrow(CorruptError)
    objects.close()
  })

  it('sees an index that is written in place once it is whole', async () => {
    const repository = bareRepository()
    const blob = newObject('blob', text('slow'))
    const file = path.join(repository, `objects/pack/pack-${place(repository, [blob])}.idx`)
    const whole = fs.readFileSync(file)
    fs.writeFileSync(file, whole.subarray(0, 500))
    const objects = store(repository)
    await expect(objects.read(blob.id)).rejects.toMatchObject({ code: 'CORRUPT', file })
    fs.writeFileSync(file, whole)
    expect((await objects.read(blob.id)).data).toEqual(blob.data)
  })

  it('borrows from alternates, relative, quoted and nested ones, and only reads there', async () => {
    const base = tempFolder()
    const folders = ['one', 'tw"o', 'thr\u00e9e'].map((name) => path.join(base, name))
    const blobs = folders.map((folder, n) => {
      fs.mkdirSync(folder)
      git(folder, ['init', '-q', '--bare', '.'])
      const blob = newObject('blob', text(`in ${n}`))
      place(folder, [blob])
      return blob
    })
    const lines = [
      `# a comment\n"../../tw\\"o/objects"\n/nowhere/at/all\n`,
      `${folders[2]}/objects\n`,
      '../../one/objects\n',
    ]
    for (const [n, folder] of folders.entries()) {
      fs.mkdirSync(path.join(folder, 'objects/info'), { recursive: true })
      fs.writeFileSync(path.join(folder, 'objects/info/alternates'), lines[n]!)
    }
    const objects = store(folders[0]!)
    for (const { id, data } of blobs) {
      expect(await objects.has(id)).toBe(true)
      expect((await objects.read(id)).data).toEqual(data)
      expect(objects.expand(id.slice(0, 10))).toEqual([id])
    }
    expect((await objects.readMany(blobs.map(({ id }) => id))).size).toBe(3)
    expect([...objects.objectIds()]).toEqual([blobs[0]!.id])
    expect(gitText(folders[0]!, ['cat-file', 'blob', blobs[2]!.id])).toBe('in 2')
    objects.close()
  })

  it('reads a loose object of any size, and refuses a broken one by name', async () => {
    const repository = bareRepository()
    for (const size of [0, 1, 5000, 524_280, 524_288, 3_000_000]) {
      const data = Buffer.alloc(size, 'loose content ')
      const id = trustedId(gitText(repository, ['hash-object', '-w', '--stdin'], data))
      expect(data.equals((await store(repository).read(id)).data)).toBe(true)
    }
    const id = trustedId(gitText(repository, ['hash-object', '-w', '--stdin'], 'precious'))
    const file = path.join(repository, 'objects', id.slice(0, 2), id.slice(2))
    fs.chmodSync(file, 0o644)
    const claim = (header: string): Buffer => zlib.deflateSync(text(`${header}\0precious`))
    const broken: Record<string, Buffer> = {
      empty: Buffer.alloc(0),
      'cut short': fs.readFileSync(file).subarray(0, 10),
      'no zlib': text('precious'),
      'no header': zlib.deflateSync(text('precious')),
      'another type': claim('tree 8'),
      'an unknown type': claim('blub 8'),
      'a size too small': claim('blob 7'),
      'a size too large': claim('blob 9'),
      'a claim of 2 GiB': claim('blob 2147483648'),
      'a claim of 60 MB': claim('blob 60000000'),
      'a claim without end': claim(`blob ${'9'.repeat(60)}`),
      'a negative claim': claim('blob -8'),
      'a padded claim': claim('blob 08'),
    }
    for (const [what, bytes] of Object.entries(broken)) {
      fs.writeFileSync(file, bytes)
      await expect(store(repository).read(id), what).rejects.toMatchObject({
        code: 'CORRUPT',
        file,
        object: id,
      })
    }
    place(repository, [newObject('blob', text('precious'))])
    expect((await store(repository).read(id)).data).toEqual(text('precious'))
  })

  it('reads an index of 700,000 objects without holding it whole', () => {
    const file = path.join(tempFolder(), 'pack-large.idx')
    const entries = Array.from({ length: 700_000 }, (_, n) => ({
      id: trustedId((Math.imul(n + 1, 2654435761) >>> 0).toString(16).padStart(8, '0').repeat(5)),
      offset: n % 1000 === 0 ? 2 ** 33 + n : n + 12,
      crc: n,
    }))
    fs.writeFileSync(file, buildIndex(entries, Buffer.alloc(20, 9)))
    const index = PackIndex.open(nodeFileSystem, file)!
    expect(index.size).toBeGreaterThan(16 * 1024 * 1024)
    expect(index.packChecksum).toEqual(Buffer.alloc(20, 9))
    const sorted = entries.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    // Twice: what was pushed out of memory is read again.
    for (let n = 0; n < 1_400_000; n += 997) {
      const expected = sorted[n % 700_000]!
      expect(index.find(expected.id)).toBe(expected.offset)
      expect(index.entry(n % 700_000)).toEqual(expected)
    }
    expect(index.packChecksum).toEqual(Buffer.alloc(20, 9))
    expect(index.find(trustedId('00'.repeat(20)))).toBeUndefined()
    expect(index.expand('abcd', 100)).toEqual(
      sorted.map(({ id }) => id).filter((id) => id.startsWith('abcd')),
    )
    index.close()
  })

  it('keeps few packs open at once, however many there are', async () => {
    const repository = bareRepository()
    const blobs = Array.from({ length: 100 }, () => newObject('blob', randomBytes(200_000)))
    for (const blob of blobs) place(repository, [blob])
    let open = 0
    let most = 0
    const counting: FileSystem = {
      ...nodeFileSystem,
      open(file, mode) {
        const opened = nodeFileSystem.open(file, mode)
        if (opened === undefined) return undefined
        most = Math.max(most, ++open)
        const close = (): void => {
          open--
          opened.close()
        }
        return { ...opened, close }
      },
    }
    const objects = new ObjectStore(counting, path.join(repository, 'objects'))
    for (let round = 0; round < 2; round++) {
      for (const { id, data } of blobs) expect(Buffer.compare((await objects.read(id)).data, data)).toBe(0)
    }
    expect(most).toBeLessThan(70)
    objects.close()
    expect(open).toBe(0)
  })
})

describe('somebody else who repacks', () => {
  /** The real disk, but `action` happens just before the call number `at`. */
  function disturbed(at: number, action: () => void): FileSystem {
    let calls = 0
    const step = <Args extends unknown[], Result>(call: (...args: Args) => Result) => {
      return (...args: Args): Result => {
        if (++calls === at) action()
        return call(...args)
      }
    }
    const file = (opened: OpenFile): OpenFile => ({
      ...opened,
      read: step(opened.read),
      readAsync: step(opened.readAsync),
    })
    return {
      ...nodeFileSystem,
      readFile: step(nodeFileSystem.readFile),
      readDir: step(nodeFileSystem.readDir),
      readKinds: step(nodeFileSystem.readKinds),
      stat: step(nodeFileSystem.stat),
      open: step((name: string, mode: 'r' | 'r+' | 'wx+') => {
        const opened = nodeFileSystem.open(name, mode)
        return opened && file(opened)
      }),
    }
  }

  it('at any moment of a read of many, loses nothing', async () => {
    const original = bareRepository()
    const blobs = Array.from({ length: 60 }, (_, n) => newObject('blob', text(`blob ${n} `.repeat(300 + n))))
    blobs.push(newObject('blob', Buffer.concat([randomBytes(600_000), Buffer.alloc(600_000)])))
    const tree = newObject(
      'tree',
      encodeTree(blobs.map(({ id }, n) => ({ name: `${n}`, mode: '100644' as const, id }))),
    )
    const all = [...blobs, tree]
    for (let n = 0; n < 6; n++)
      place(
        original,
        all.filter((_, i) => i % 6 === n),
      )
    const packs = fs.readdirSync(path.join(original, 'objects/pack'))
    for (let at = 1; at < 60; at += 2) {
      const repository = path.join(tempFolder(), 'copy')
      fs.cpSync(original, repository, { recursive: true })
      let done = false
      const repack = (): void => {
        git(
          repository,
          ['pack-objects', '-q', 'objects/pack/pack'],
          `${all.map(({ id }) => id).join('\n')}\n`,
        )
        for (const name of packs) fs.rmSync(path.join(repository, 'objects/pack', name), { force: true })
        done = true
      }
      const objects = new ObjectStore(disturbed(at, repack), path.join(repository, 'objects'))
      const read = await objects.readMany(all.map(({ id }) => id))
      for (const { id, data } of all) {
        expect(Buffer.compare(read.get(id)!.data, data)).toBe(0)
        expect(Buffer.compare((await objects.read(id)).data, data)).toBe(0)
      }
      expect(done || at > 30).toBe(true)
      objects.close()
    }
  })

  /** Puts these objects into one pack, and removes what had them before. */
  function repackAll(repository: string, ids: readonly string[]): void {
    const packs = path.join(repository, 'objects/pack')
    const old = fs.readdirSync(packs)
    git(repository, ['pack-objects', '-q', 'objects/pack/pack'], `${ids.join('\n')}\n`)
    git(repository, ['prune-packed', '-q'])
    for (const name of old) fs.rmSync(path.join(packs, name))
  }

  it('at any moment of a search by prefix, hides nothing', async () => {
    const original = bareRepository()
    const blobs = Array.from({ length: 12 }, (_, n) => newObject('blob', text(`blob ${n}`)))
    for (let n = 0; n < 12; n += 3) place(original, blobs.slice(n, n + 3))
    gitText(original, ['hash-object', '-w', '--stdin'], 'loose')
    const all = [...blobs, newObject('blob', text('loose'))].map(({ id }) => id).sort()
    for (let at = 1; at < 25; at++) {
      const repository = path.join(tempFolder(), 'copy')
      fs.cpSync(original, repository, { recursive: true })
      const objectsFolder = path.join(repository, 'objects')
      const objects = new ObjectStore(
        disturbed(at, () => repackAll(repository, all)),
        objectsFolder,
      )
      const found = new Set(all.flatMap((id) => objects.expand(id.slice(0, 7))))
      expect([...found].sort()).toEqual(all)
      expect([...objects.objectIds()].sort()).toEqual(all)
      objects.close()
    }
  })

  it('at any moment of a measurement, hides no object and fails nothing', async () => {
    const original = bareRepository()
    const blobs = Array.from({ length: 12 }, (_, n) => newObject('blob', text(`blob ${n}`)))
    for (let n = 0; n < 12; n += 3) place(original, blobs.slice(n, n + 3))
    const all = blobs.map(({ id }) => id).sort()
    for (let at = 1; at < 25; at++) {
      const repository = path.join(tempFolder(), 'copy')
      fs.cpSync(original, repository, { recursive: true })
      const objectsFolder = path.join(repository, 'objects')
      const objects = new ObjectStore(
        disturbed(at, () => repackAll(repository, all)),
        objectsFolder,
      )
      const sizes = await objects.sizes()
      expect([...sizes.keys()].sort()).toEqual(all)
      expect(Math.min(...sizes.values())).toBeGreaterThan(0)
      expect(objects.packs().length).toBeGreaterThan(0)
      objects.close()
    }
  })

  it('while many reads are under way, loses nothing', async () => {
    const repository = history()
    const expected = objectsByGit(repository)
    const repacking = spawn(
      'sh',
      [
        '-c',
        'for i in 1 2 3 4 5 6; do git repack -adq; git unpack-objects -q < $(ls objects/pack/*.pack | head -1); git repack -adfq; git prune-packed -q; done',
      ],
      { cwd: repository, env: { PATH: process.env.PATH, HOME: repository }, stdio: 'ignore' },
    )
    let running = true
    const finished = new Promise<void>((resolve) => repacking.on('exit', () => resolve())).then(() => {
      running = false
    })
    const objects = store(repository)
    let rounds = 0
    while (running || rounds === 0) {
      rounds++
      await objects.readMany(expected.keys(), (id, { data }) => {
        expect(expected.get(id)!.data.equals(data)).toBe(true)
      })
      for (const id of [...expected.keys()].slice(0, 20)) expect(await objects.has(id)).toBe(true)
    }
    await finished
    objects.close()
  })
})
