import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodeCommit } from '../../src/git/objects/commit.ts'
import { type NewObject, newObject } from '../../src/git/objects/object.ts'
import { parsePackIndex } from '../../src/git/packs/pack-index.ts'
import { buildIndex, buildPack, buildPackAsync, encodeEntryHeader } from '../../src/git/packs/writer.ts'
import { trustedId } from '../../src/ids.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'
import { encodeTree } from './support/trees.ts'

const noise = (size: number, seed = 1): Buffer => {
  const data = Buffer.alloc(size)
  let x = seed
  for (let i = 0; i < size; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0
    data[i] = x >>> 23
  }
  return data
}

const person = { name: 'Ann', email: 'ann@example.com', at: 1_700_000_000_000 }

/** A commit with these files, as one group of objects; the commit comes last. */
function commitOf(files: Record<string, Uint8Array>): NewObject[] {
  const blobs = Object.values(files).map((data) => newObject('blob', data))
  const names = Object.keys(files)
  const tree = newObject(
    'tree',
    encodeTree(names.map((name, n) => ({ name, mode: '100644', id: blobs[n]!.id }))),
  )
  const commit = newObject(
    'commit',
    encodeCommit({ tree: tree.id, parents: [], author: person, committer: person, message: 'one\n' }),
  )
  return [...blobs, tree, commit]
}

describe('a pack we build', () => {
  it('is what git index-pack --strict indexes to the same bytes as ours', () => {
    const files: Record<string, Uint8Array> = { empty: Buffer.alloc(0) }
    for (const size of [1, 15, 16, 255, 256, 257, 2047, 2048, 65535, 65536, 300_000]) {
      files[`noise-${size}`] = noise(size)
      files[`text-${size}`] = Buffer.from('line of text\n'.repeat(size).slice(0, size))
    }
    const folder = tempFolder()
    const { name, pack, index } = buildPack(commitOf(files))
    writeFileSync(join(folder, 'a.pack'), pack)
    expect(gitText(folder, ['index-pack', '--strict', '-o', 'a.idx', 'a.pack'])).toBe(name)
    writeFileSync(join(folder, 'b.pack'), pack)
    writeFileSync(join(folder, 'b.idx'), index)
    git(folder, ['verify-pack', 'b.pack'])
    git(folder, ['index-pack', '--verify', 'b.pack'])
  })

  it('stands in a repository that git fsck --strict finds clean', () => {
    const repository = bareRepository()
    const objects = commitOf({ 'a.json': noise(1500), 'b.json': Buffer.from('{}\n') })
    const { name, pack, index } = buildPack(objects)
    writeFileSync(join(repository, `objects/pack/pack-${name}.pack`), pack)
    writeFileSync(join(repository, `objects/pack/pack-${name}.idx`), index)
    git(repository, ['update-ref', 'refs/heads/main', objects.at(-1)!.id])
    expect(gitText(repository, ['fsck', '--strict', '--full'])).toBe('')
    for (const { id, type, data } of objects) {
      expect(git(repository, ['cat-file', type, id]).equals(data)).toBe(true)
    }
  })

  it('holds an object once that was given twice', () => {
    const blob = newObject('blob', Buffer.from('x'))
    const { pack, index } = buildPack([blob, blob])
    expect(pack.readUInt32BE(8)).toBe(1)
    const entries = parsePackIndex(index, 'test').entries()
    expect(entries.map(({ id, offset }) => [id, offset])).toEqual([[blob.id, 12]])
  })

  it('is as good in slices, with a long tree and 12 MB of noise, and lets timers run meanwhile', async () => {
    const many = Array.from({ length: 3000 }, (_, n) =>
      newObject('blob', Buffer.from(`message ${n}\n`.repeat(30))),
    )
    const tree = newObject(
      'tree',
      encodeTree(many.map(({ id }, n) => ({ name: `${n}`, mode: '100644', id }))),
    )
    const objects = [...many, tree, newObject('blob', noise(12_000_000))]
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const sliced = await buildPackAsync(objects)
    clearInterval(timer)
    const entries = parsePackIndex(sliced.index, 'test').entries()
    const inOrder = entries.toSorted((a, b) => a.offset - b.offset)
    expect(inOrder.map(({ id }) => id)).toEqual(objects.map(({ id }) => id))
    const folder = tempFolder()
    writeFileSync(join(folder, 'a.pack'), sliced.pack)
    expect(gitText(folder, ['index-pack', '--strict', 'a.pack'])).toBe(sliced.name)
    // At once it would be none.
    expect(turns).toBeGreaterThan(10)
  })
})

describe('an index we build', () => {
  it('has the 64-bit table that git reads for offsets past 2 GiB', () => {
    const folder = tempFolder()
    const entries = [
      { id: trustedId('ff'.repeat(20)), offset: 12, crc: 1 },
      { id: trustedId('00'.repeat(20)), offset: 0x7fffffff, crc: 2 },
      { id: trustedId('ab'.repeat(20)), offset: 0x80000000, crc: 3 },
      { id: trustedId('aa'.repeat(20)), offset: 2 ** 40 + 5, crc: 0xffffffff },
    ]
    const shown = gitText(folder, ['show-index'], buildIndex(entries, Buffer.alloc(20)))
    expect(shown.split('\n')).toEqual([
      `${0x7fffffff} ${'00'.repeat(20)} (00000002)`,
      `${2 ** 40 + 5} ${'aa'.repeat(20)} (ffffffff)`,
      `${0x80000000} ${'ab'.repeat(20)} (00000003)`,
      `12 ${'ff'.repeat(20)} (00000001)`,
    ])
  })
})

it('the header of an entry carries sizes past 4 GiB', () => {
  expect([...encodeEntryHeader('blob', 2 ** 36)]).toEqual([0xb0, 0x80, 0x80, 0x80, 0x80, 0x10])
})
