import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blobsBelow, readBlobs } from '../../src/checkpoints/trees/files.ts'
import { CorruptError } from '../../src/errors.ts'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { EMPTY_TREE, type NewObject, newObject } from '../../src/git/objects/object.ts'
import { editTree } from '../../src/git/objects/tree-edit.ts'
import { buildPack } from '../../src/git/packs/writer.ts'
import type { ObjectId } from '../../src/ids.ts'
import { bareRepository, gitText } from './real-git.ts'
import { encodeTree } from './support/trees.ts'

const text = (value: string): Buffer => Buffer.from(value, 'utf8')

/** A repository and a store on it, and what puts objects into it as a pack. */
function place(): { repository: string; store: ObjectStore; write: (objects: readonly NewObject[]) => void } {
  const repository = bareRepository()
  const objects = path.join(repository, 'objects')
  const store = new ObjectStore(nodeFileSystem, objects)
  const write = (group: readonly NewObject[]): void => {
    if (group.length === 0) return
    const { name, pack, index } = buildPack(group)
    fs.writeFileSync(path.join(objects, `pack/pack-${name}.pack`), pack)
    fs.writeFileSync(path.join(objects, `pack/pack-${name}.idx`), index)
    store.addPack(name, index)
  }
  return { repository, store, write }
}

describe('editing a tree', () => {
  it('makes the tree that git makes of the same files, whatever the edits', async () => {
    const name = fc.constantFrom('a', 'a.b', 'a-', 'a0', 'b', 'B', 'é', 'lib', 'lib.json', 'x\\y', '~')
    const edit = fc.tuple(
      fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
      fc.option(fc.constantFrom('1', '2', 'long '.repeat(200)), { nil: null, freq: 3 }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(edit, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        async (rounds) => {
          const { repository, store, write } = place()
          let root: ObjectId | undefined
          const model = new Map<string, string>()
          for (const round of rounds) {
            const edits = new Map<string, Buffer | null>()
            for (const [file, content] of round) {
              const clashes = [...edits.keys()].some(
                (other) => other.startsWith(`${file}/`) || file.startsWith(`${other}/`),
              )
              if (!clashes) edits.set(file, content === null ? null : text(content))
            }
            for (const [file, content] of edits) {
              if (
                content === null &&
                [...model.keys()].every((other) => other !== file && !other.startsWith(`${file}/`))
              )
                continue
              for (const other of [...model.keys()]) {
                if (other === file || other.startsWith(`${file}/`)) model.delete(other)
                if (content !== null && file.startsWith(`${other}/`)) model.delete(other)
              }
              if (content !== null) model.set(file, content.toString())
            }
            const edited = await editTree(store, root, edits)
            write(edited.objects)
            root = edited.tree
          }
          expect(root).toBe(treeByGit(repository, model))
          const fresh = new ObjectStore(nodeFileSystem, store.folder)
          const files = await readBlobs(fresh, await blobsBelow(fresh, root!, { foreign: true }))
          expect(new Map([...files].map(([file, data]) => [file, Buffer.from(data).toString()]))).toEqual(
            model,
          )
        },
      ),
      { numRuns: 40, seed: 7 },
    )
  })

  it('gives only what is new at its path, and nothing when nothing changes', async () => {
    const { store, write } = place()
    const first = await editTree(
      store,
      undefined,
      new Map([
        ['session.json', text('{}')],
        ['messages/0000/000000-user.json', text('hello')],
        ['messages/0001/000100-user.json', text('hello')],
      ]),
    )
    write(first.objects)
    expect(first.objects.map(({ type }) => type).sort()).toEqual([
      'blob',
      'blob',
      'blob',
      'tree',
      'tree',
      'tree',
      'tree',
    ])
    const same = await editTree(
      store,
      first.tree,
      new Map([
        ['session.json', text('{}')],
        ['none/at/all', null],
      ]),
    )
    expect(same).toEqual({ tree: first.tree, objects: [] })
    const second = await editTree(store, first.tree, new Map([['messages/0001/000101-tool.json', text('x')]]))
    expect(second.objects.map(({ type }) => type)).toEqual(['blob', 'tree', 'tree', 'tree'])
    expect(second.objects.at(-1)!.id).toBe(second.tree)
  })

  it('ends in the empty tree when the last file goes', async () => {
    const { store, write } = place()
    const first = await editTree(store, undefined, new Map([['a/b/c', text('1')]]))
    write(first.objects)
    const second = await editTree(store, first.tree, new Map([['a', null]]))
    expect(second.tree).toBe(EMPTY_TREE)
    expect(await blobsBelow(store, second.tree)).toEqual(new Map())
  })

  it('refuses paths that no tree can hold', async () => {
    const { store } = place()
    for (const bad of [
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      '../x',
      'a/.git/config',
      '.GIT',
      'git~1',
      'a\0b',
      '\ud800',
    ]) {
      await expect(
        editTree(store, undefined, new Map([[bad, text('x')]])),
        JSON.stringify(bad),
      ).rejects.toThrow(TypeError)
    }
    const both = new Map([
      ['a', text('1')],
      ['a/b', text('2')],
    ])
    await expect(editTree(store, undefined, both)).rejects.toThrow(TypeError)
  })
})

describe('reading the files of a tree', () => {
  it('reads only what is asked for', async () => {
    const { store, write } = place()
    const files = new Map([
      ['messages/0000/000001-user.json', text('1')],
      ['messages/0001/000102-user.json', text('2')],
      ['runs/0000/000003.json', text('3')],
      ['session.json', text('4')],
    ])
    const { tree, objects } = await editTree(store, undefined, files)
    write(objects)
    expect([...(await blobsBelow(store, tree)).keys()]).toEqual([...files.keys()])
    expect([...(await blobsBelow(store, tree, { at: 'messages' })).keys()]).toEqual([
      'messages/0000/000001-user.json',
      'messages/0001/000102-user.json',
    ])
    expect([
      ...(await blobsBelow(store, tree, { enter: (folder) => folder !== 'runs' })).keys(),
    ]).toHaveLength(3)
    expect(await blobsBelow(store, tree, { at: 'nothing/here' })).toEqual(new Map())
  })

  it('refuses links, submodules, and what expands to more than a document has', async () => {
    const { store, write } = place()
    const blob = newObject('blob', text('/etc/passwd'))
    for (const mode of ['120000', '160000'] as const) {
      const tree = newObject('tree', encodeTree([{ name: 'session.json', mode, id: blob.id }]))
      write([blob, tree])
      await expect(blobsBelow(store, tree.id)).rejects.toThrow(CorruptError)
    }
    const bomb = [treeOf(blob.id, '100644', (n) => `${String(n).padStart(6, '0')}.jsonl`)]
    for (const name of BOMB_FOLDERS) bomb.push(treeOf(bomb.at(-1)!.id, '40000', name))
    const top = newObject('tree', encodeTree([{ name: 'messages', mode: '40000', id: bomb.at(-1)!.id }]))
    const elsewhere = newObject('tree', encodeTree([{ name: 'a.b', mode: '40000', id: bomb.at(-1)!.id }]))
    write([blob, ...bomb, top, elsewhere])
    await expect(blobsBelow(store, top.id)).rejects.toThrow(CorruptError)
    expect(await blobsBelow(store, elsewhere.id)).toEqual(new Map())
    const entered: string[] = []
    const enter = (path: string) => entered.push(path) > 0
    await expect(blobsBelow(store, elsewhere.id, { foreign: true, enter })).rejects.toThrow(
      /more than \d+ files/,
    )
    // Not one by one.
    expect(entered.length).toBeLessThan(20_000)
    const well = [newObject('tree', encodeTree([{ name: 'a', mode: '100644', id: blob.id }]))]
    for (let n = 0; n < 20_000; n++) {
      well.push(newObject('tree', encodeTree([{ name: 'a', mode: '40000', id: well.at(-1)!.id }])))
    }
    write(well)
    await expect(blobsBelow(store, well.at(-1)!.id, { foreign: true })).rejects.toThrow(CorruptError)
    const large = newObject('blob', Buffer.alloc(1000))
    write([large])
    await expect(
      readBlobs(
        store,
        new Map([
          ['a', blob.id],
          ['b', large.id],
        ]),
        1000,
      ),
    ).rejects.toThrow(CorruptError)
  })
})

/** Names that a log of ours may have, innermost first; a hundred at each of four levels are a hundred million. */
const BOMB_FOLDERS: readonly ((n: number) => string)[] = [
  (n) => `events${String(n).padStart(4, '0')}`,
  (n) => String(n).padStart(6, '0'),
  (n) => String(n).padStart(4, '0'),
]

/** A folder with a hundred names for one thing. */
const treeOf = (id: ObjectId, mode: '40000' | '100644', name: (n: number) => string): NewObject =>
  newObject('tree', encodeTree(Array.from({ length: 100 }, (_, n) => ({ name: name(n), mode, id }))))

function treeByGit(repository: string, files: ReadonlyMap<string, string>): string {
  const index = path.join(repository, 'index')
  fs.rmSync(index, { force: true })
  const lines = [...files].map(
    ([file, content]) => `100644 ${newObject('blob', text(content)).id}\t${file}\0`,
  )
  gitText(repository, ['update-index', '-z', '--index-info'], lines.join(''))
  return gitText(repository, ['write-tree', '--missing-ok'])
}
