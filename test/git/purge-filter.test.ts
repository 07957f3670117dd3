import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CorruptError } from '../../src/errors.ts'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { type FilteredPack, filterPacks } from '../../src/git/packs/filter.ts'
import { parsePackIndex } from '../../src/git/packs/pack-index.ts'
import type { ObjectId } from '../../src/ids.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'

/** A repository of versions of a few files, packed as `how` says; returns the ids of its objects. */
function packed(how: readonly string[], versions = 12) {
  const root = bareRepository()
  let text = Array.from({ length: 200 }, (_, n) => `line ${n} ${(n * 7919) % 1000}`)
  let parent: string[] = []
  for (let n = 0; n < versions; n++) {
    text = text.map((line, at) => (at % 37 === n ? `changed in ${n}` : line))
    const blob = gitText(root, ['hash-object', '-w', '--stdin'], text.join('\n'))
    const tree = gitText(root, ['mktree'], `100644 blob ${blob}\tfile\n`)
    const commit = gitText(root, ['commit-tree', '-m', `version ${n}`, ...parent, tree])
    parent = ['-p', commit]
  }
  git(root, ['update-ref', 'refs/heads/main', parent[1]!])
  git(root, ['repack', '-a', '-d', '-q', '-n', ...how])
  const lines = gitText(root, ['cat-file', '--batch-all-objects', '--batch-check']).split('\n')
  return { root, ids: lines.map((line) => line.slice(0, 40)) }
}

const packsOf = (root: string): string[] =>
  nodeFileSystem
    .readDir(join(root, 'objects/pack'))
    .flatMap((name) => (name.endsWith('.pack') ? [join(root, 'objects/pack', name.slice(0, -5))] : []))

/** Filters all packs of the repositories into one in a new repository; returns its folder. */
async function filtered(roots: readonly string[], wanted: (id: string) => boolean) {
  const target = bareRepository()
  const out = nodeFileSystem.open(join(mkdtempSync(join(tempFolder(), 'x')), 'out'), 'wx+')!
  const stores = roots.map((root) => new ObjectStore(nodeFileSystem, join(root, 'objects')))
  const sources = roots.flatMap(packsOf).map((path) => ({
    name: path,
    file: nodeFileSystem.open(`${path}.pack`, 'r')!,
    entries: parsePackIndex(readFileSync(`${path}.idx`), path).entries(),
  }))
  const read = async (id: ObjectId) => {
    for (const store of stores) {
      const object = await store.tryRead(id)
      if (object !== undefined) return object
    }
    throw new Error(`no ${id}`)
  }
  let pack: FilteredPack | undefined
  try {
    pack = await filterPacks({ sources, wanted, read, out })
    if (pack !== undefined) {
      const bytes = Buffer.alloc(out.size())
      out.read(bytes, 0)
      writeFileSync(join(target, `objects/pack/pack-${pack.name}.pack`), bytes)
      writeFileSync(join(target, `objects/pack/pack-${pack.name}.idx`), pack.index)
    }
  } finally {
    for (const { file } of sources) file.close()
    out.close()
    for (const store of stores) store.close()
  }
  return { target, pack }
}

/** Git makes the same index of the pack, and finds in it exactly these objects. */
function expectPack(target: string, name: string, ids: readonly string[]): void {
  const index = join(tempFolder(), 'x.idx')
  git(target, ['index-pack', '-o', index, `objects/pack/pack-${name}.pack`])
  expect(readFileSync(join(target, `objects/pack/pack-${name}.idx`)).equals(readFileSync(index))).toBe(true)
  const found = gitText(target, ['cat-file', '--batch-all-objects', '--batch-check=%(objectname)']).split(
    '\n',
  )
  expect(found).toEqual([...ids].sort())
  git(target, ['cat-file', '--batch-all-objects', '--batch'])
}

describe('A pack without some of its objects', () => {
  const how: Record<string, string[]> = {
    'with deltas': ['-f', '--depth=50', '--window=50'],
    'with deltas that name their base': ['-f', '--depth=50', '--window=50'],
    'without deltas': ['-f', '--window=0'],
  }

  test.each(Object.entries(how))('%s holds the others unchanged', async (name, args) => {
    const { root, ids } = packed(args)
    if (name.includes('name their base')) repackWithRefDeltas(root)
    await fc.assert(
      fc.asyncProperty(fc.subarray(ids, { minLength: 1 }), async (some) => {
        const wanted = new Set(some)
        const { target, pack } = await filtered([root], (id) => wanted.has(id))
        expect(pack?.objects).toBe(some.length)
        for (const id of some.slice(0, 3)) {
          const type = gitText(root, ['cat-file', '-t', id])
          expect(git(target, ['cat-file', type, id])).toEqual(git(root, ['cat-file', type, id]))
        }
        expectPackObjects(target, some)
      }),
      { numRuns: 12 },
    )
  })

  test('keeps deltas, and is not larger than the pack it comes from', async () => {
    const { root, ids } = packed(['-f', '--depth=50', '--window=50'], 30)
    const { target, pack } = await filtered([root], () => true)
    expectPack(target, pack!.name, ids)
    expect(packSize(target)).toBeLessThanOrEqual(packSize(root) + 100)
  })

  test('out of two packs holds what is in both once', async () => {
    const [one, two] = [packed(['-f', '--window=50'], 5), packed(['-f', '--window=50'], 9)]
    const { target, pack } = await filtered([one.root, two.root], () => true)
    expectPack(target, pack!.name, [...new Set([...one.ids, ...two.ids])])
  })

  test('and without all of them is none', async () => {
    const { root } = packed([])
    expect((await filtered([root], () => false)).pack).toBeUndefined()
  })

  test('copies objects of megabytes in pieces', async () => {
    const root = bareRepository()
    const noise = Buffer.alloc(5_000_000)
    for (let n = 0, x = 1; n < noise.length; n++) {
      x = (Math.imul(x, 1103515245) + 12345) >>> 0
      noise[n] = x >>> 16
    }
    const ids = [noise, Buffer.concat([noise, Buffer.from('more')]), Buffer.from('small')].map((data) =>
      git(root, ['hash-object', '-w', '--stdin'], data).toString().trim(),
    )
    const tree = gitText(root, ['mktree'], ids.map((id, n) => `100644 blob ${id}\t${n}\n`).join(''))
    git(root, ['update-ref', 'refs/heads/main', gitText(root, ['commit-tree', '-m', 'x', tree])])
    git(root, ['repack', '-a', '-d', '-f', '-q', '--window=10'])
    for (const dropped of ids) {
      const some = ids.filter((id) => id !== dropped)
      const { target } = await filtered([root], (id) => some.includes(id))
      expectPackObjects(target, some)
    }
  })

  test('is not made of a pack that is damaged', async () => {
    const { root, ids } = packed(['-f', '--window=50'])
    const file = `${packsOf(root)[0]}.pack`
    const bytes = readFileSync(file)
    bytes[bytes.length - 60]! ^= 1
    nodeFileSystem.unlink(file) // Git makes its packs read-only.
    writeFileSync(file, bytes)
    await expect(filtered([root], (id) => id !== ids[0])).rejects.toBeInstanceOf(CorruptError)
  })
})

function expectPackObjects(target: string, ids: readonly string[]): void {
  const pack = packsOf(target)[0]!
  expectPack(target, pack.slice(-40), ids)
}

const packSize = (root: string): number =>
  packsOf(root).reduce((sum, path) => sum + readFileSync(`${path}.pack`).length, 0)

/** As packs are made for old readers: a delta names its base by id. */
function repackWithRefDeltas(root: string): void {
  const list = gitText(root, ['rev-list', '--objects', '--all'])
  const before = packsOf(root)
  const args = ['pack-objects', '-q', '--no-reuse-delta', '--window=50', join(root, 'objects/pack/pack')]
  const name = gitText(root, args, `${list}\n`)
  for (const path of before) {
    if (path.endsWith(name)) continue
    for (const ending of ['pack', 'idx']) nodeFileSystem.unlink(`${path}.${ending}`)
  }
}
