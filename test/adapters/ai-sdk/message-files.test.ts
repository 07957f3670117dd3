import { expect, test } from 'vitest'
import { firstDifference } from '../../../src/adapters/ai-sdk/message-files.ts'
import type { ObjectStore } from '../../../src/checkpoints/trees/objects.ts'
import { itemPlace } from '../../../src/codec/index.ts'
import { parseTree, type Tree } from '../../../src/git/objects/tree.ts'
import { editTree } from '../../../src/git/objects/tree-edit.ts'
import type { ObjectId } from '../../../src/ids.ts'

test('the first difference of long lists is found, wherever it lies', async () => {
  const trees = new Map<string, Tree>()
  const store = {
    cachedTree: (id: string) => trees.get(id),
    keepTree: (id: string, tree: Tree) => void trees.set(id, tree),
    readTree: async (id: string) => trees.get(id) as Tree,
  } as unknown as ObjectStore
  const treeOf = async (count: number, changed?: number): Promise<ObjectId> => {
    const files = new Map([['session.json', Buffer.from('{}\n')]])
    for (let n = 0; n < count; n++) {
      const { folder, stem } = itemPlace('messages', n)
      files.set(`${folder}/${stem}.json`, Buffer.from(n === changed ? 'other' : `${n}`))
    }
    const { tree, objects } = await editTree(store, undefined, files)
    for (const { id, type, data } of objects) if (type === 'tree') trees.set(id, parseTree(data))
    return tree
  }
  const long = await treeOf(20_150)
  for (const changed of [0, 99, 100, 9999, 10_000, 10_101, 19_999, 20_000, 20_149]) {
    expect(await firstDifference(store, long, await treeOf(20_150, changed))).toBe(changed)
    expect(await firstDifference(store, await treeOf(changed), long)).toBe(changed)
    expect(await firstDifference(store, long, await treeOf(changed))).toBe(changed)
  }
})
