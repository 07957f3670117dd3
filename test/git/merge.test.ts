import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { CorruptError } from '../../src/errors.ts'
import { ChapterPacks } from '../../src/git/merging/chapter-packs.ts'
import { geometricPrefix } from '../../src/git/merging/merger.ts'
import { BrokenStreamError } from '../../src/git/objects/inflate.ts'
import { newObject } from '../../src/git/objects/object.ts'
import { mergePacks, type PackSource, spansOf } from '../../src/git/packs/combine.ts'
import { parsePackIndex } from '../../src/git/packs/pack-index.ts'
import { scanPack } from '../../src/git/packs/scan.ts'
import { buildPack, encodeEntryHeader, packHeader } from '../../src/git/packs/writer.ts'
import type { ObjectId } from '../../src/ids.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'
import { commitOf } from './support/commits.ts'

const sourceOf = async ({ pack, index }: { pack: Buffer; index: Buffer }): Promise<PackSource> => ({
  entries: await spansOf(parsePackIndex(index, 'test'), pack.length),
  read: (position, length) => pack.subarray(position, position + length),
})

async function merge(sources: readonly Promise<PackSource>[]) {
  const pieces: Uint8Array[] = []
  const merged = await mergePacks(await Promise.all(sources), (piece) => void pieces.push(piece))
  return merged && { ...merged, pack: Buffer.concat(pieces) }
}

describe('packs that are merged', () => {
  it('are one that git index-pack --strict accepts, with the index it makes itself', async () => {
    let parent: ObjectId | undefined
    const commits = Array.from({ length: 20 }, (_, n) => {
      const commit = commitOf(`text ${n % 7}`, parent, (n % 5) * 70_000)
      parent = commit.id
      return commit
    })
    const packs = commits.map(({ objects }) => buildPack(objects))
    const merged = (await merge(packs.map(sourceOf)))!
    const ids = new Set(commits.flatMap(({ objects }) => objects.map(({ id }) => id)))
    expect(merged.objects).toBe(ids.size)

    const folder = tempFolder()
    writeFileSync(join(folder, 'a.pack'), merged.pack)
    writeFileSync(join(folder, 'a.idx'), merged.index)
    git(folder, ['verify-pack', 'a.pack'])
    writeFileSync(join(folder, 'b.pack'), merged.pack)
    expect(gitText(folder, ['index-pack', '--strict', '-o', 'b.idx', 'b.pack'])).toBe(merged.name)
    git(folder, ['index-pack', '--verify', 'a.pack'])

    const store = bareRepository()
    writeFileSync(join(store, `objects/pack/pack-${merged.name}.pack`), merged.pack)
    writeFileSync(join(store, `objects/pack/pack-${merged.name}.idx`), merged.index)
    git(store, ['update-ref', 'refs/heads/main', parent!])
    expect(gitText(store, ['fsck', '--strict', '--full'])).toBe('')
    expect(gitText(store, ['rev-list', '--count', 'main'])).toBe('20')
    const scanned = [...scanPack(merged.pack)]
    expect(new Set(scanned.map(({ object }) => object.id))).toEqual(ids)
    const entries = await spansOf(parsePackIndex(merged.index, 'test'), merged.pack.length)
    expect(scanned.map(({ span }) => span)).toEqual(entries)
  })

  it('with deltas are left to git', async () => {
    const store = bareRepository()
    const one = gitText(store, ['hash-object', '-w', '--stdin'], 'line of text\n'.repeat(500))
    const two = gitText(store, ['hash-object', '-w', '--stdin'], `${'line of text\n'.repeat(500)}more\n`)
    const name = gitText(store, ['pack-objects', '-q', 'p'], `${one}\n${two}\n`)
    const [pack, index] = ['pack', 'idx'].map((ending) => readFileSync(join(store, `p-${name}.${ending}`)))
    expect(await merge([sourceOf({ pack: pack!, index: index! })])).toBeUndefined()
    expect(() => [...scanPack(pack!)]).toThrow(BrokenStreamError)
  })

  it('are compressed where a save has stored what it had, when there is time', async () => {
    const prose = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(60))
    const noise = randomBytes(2000)
    const objects = [
      newObject('blob', prose),
      newObject('blob', noise),
      newObject('blob', Buffer.from('short')),
    ]
    const packs = objects.map((object) => buildPack([object]))
    const pieces: Uint8Array[] = []
    const merged = await mergePacks(
      await Promise.all(packs.map(sourceOf)),
      (piece) => void pieces.push(piece),
      {
        deflate: true,
      },
    )
    const pack = Buffer.concat(pieces)
    const scanned = [...scanPack(pack)]
    expect(scanned.map(({ object }) => object)).toEqual(objects)
    expect(scanned.map(({ span }) => span)).toEqual(
      await spansOf(parsePackIndex(merged!.index, 'test'), pack.length),
    )
    const length = ({ span }: (typeof scanned)[0]) => span.end - span.offset
    expect(length(scanned[0]!)).toBeLessThan(prose.length / 10)
    expect(length(scanned[1]!)).toBeGreaterThanOrEqual(noise.length)
  })

  it('of which one is damaged are an error that names the object', async () => {
    const { pack, index } = buildPack([newObject('blob', Buffer.from('some text\n'.repeat(100)))])
    const broken = Buffer.from(pack)
    broken[30]! ^= 1
    await expect(merge([sourceOf({ pack: broken, index })])).rejects.toBeInstanceOf(CorruptError)
    expect(() => [...scanPack(broken)]).toThrow(BrokenStreamError)
  })
})

it('an object that inflates to more than it claims is refused before the memory is taken', () => {
  const bomb = deflateSync(Buffer.alloc(50_000_000))
  const entry = Buffer.concat([encodeEntryHeader('blob', 100), bomb])
  const body = Buffer.concat([packHeader(1), entry])
  const pack = Buffer.concat([body, createHash('sha1').update(body).digest()])
  const before = process.memoryUsage().arrayBuffers
  expect(() => [...scanPack(pack)]).toThrow(BrokenStreamError)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000)
})

describe('the small packs of a chapter', () => {
  it('are merged by sixteens, and sixteens of those again', async () => {
    const packs = new ChapterPacks()
    const ids = new Set<string>()
    let most = 0
    for (let n = 0; n < 300; n++) {
      const { objects } = commitOf(`save ${n}`)
      for (const { id } of objects) ids.add(id)
      packs.add(buildPack(objects))
      await packs.mergeDue()
      packs.named()
      if (packs.placeable !== undefined) packs.replace(packs.placeable)
      most = Math.max(most, packs.names.length)
    }
    expect(most).toBeLessThan(36)
    expect(new Set([...packs.names, ...packs.replaced]).size).toBe(packs.names.length + packs.replaced.length)
  })

  it('are replaced by a merge that the journal names, not before', async () => {
    const packs = new ChapterPacks()
    const add = (n: number): void => packs.add(buildPack(commitOf(`save ${n}`).objects))
    for (let n = 0; n < 16; n++) add(n)
    const merging = packs.mergeDue()
    add(16)
    await Promise.all([merging, packs.mergeDue()])
    const merged = packs.unnamed!
    expect(merged.replaces).toEqual(packs.names.slice(0, 16))
    expect(packs.placeable).toBeUndefined()
    packs.named()
    expect(packs.unnamed).toBeUndefined()
    expect(packs.placeable).toBe(merged)
    packs.replace(merged)
    expect(packs.names).toHaveLength(2)
    expect(packs.placeable).toBeUndefined()
  })

  it('stay when their merge cannot be placed, and are merged again later', async () => {
    const packs = new ChapterPacks()
    for (let n = 0; n < 16; n++) packs.add(buildPack(commitOf(`save ${n}`).objects))
    await packs.mergeDue()
    const { name } = packs.unnamed!
    packs.named()
    packs.forget()
    expect(packs.names).toHaveLength(16)
    await packs.mergeDue()
    expect(packs.unnamed?.name).toBe(name)
  })
})

it('the smallest packs are merged until each is at least twice as big as all smaller ones together', () => {
  expect(geometricPrefix([1, 2, 6, 18])).toBe(0)
  expect(geometricPrefix([1, 1, 1, 100])).toBe(3)
  expect(geometricPrefix([1, 2, 5, 18])).toBe(3)
  expect(geometricPrefix([])).toBe(0)
  expect(geometricPrefix([7])).toBe(0)
})
