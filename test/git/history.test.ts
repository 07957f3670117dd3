import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { CorruptError } from '../../src/errors.ts'
import { ancestors, isAncestor } from '../../src/git/database/ancestry.ts'
import { ObjectStore } from '../../src/git/database/object-store.ts'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { EMPTY_TREE } from '../../src/git/objects/object.ts'
import { type ObjectId, trustedId } from '../../src/ids.ts'
import { bareRepository, git, gitText } from './real-git.ts'

let repository: string
let store: ObjectStore
const ids: ObjectId[] = []

/** Commits with random parents and with dates that go both ways. */
beforeAll(() => {
  repository = bareRepository()
  git(repository, ['hash-object', '-w', '-t', 'tree', '--stdin'])
  let random = 42
  const next = (limit: number): number => {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0
    return (random >>> 8) % limit
  }
  for (let n = 0; n < 120; n++) {
    const parents = new Set(n === 0 ? [] : [ids[n - 1 - next(Math.min(n, 5))]!])
    if (n > 5 && next(4) === 0) parents.add(ids[n - 1 - next(5)]!)
    const second = 1_700_000_000 + n * 10 + (next(5) === 0 ? -5000 : 0)
    const lines = [`tree ${EMPTY_TREE}`, ...[...parents].map((parent) => `parent ${parent}`)]
    lines.push(`author A <a@b> ${second} +0000`, `committer A <a@b> ${second} +0000`, '', `commit ${n}`)
    ids.push(
      trustedId(gitText(repository, ['hash-object', '-w', '-t', 'commit', '--stdin'], lines.join('\n'))),
    )
  }
  store = new ObjectStore(nodeFileSystem, path.join(repository, 'objects'))
})

const collect = async (walk: AsyncIterable<[string, unknown]>): Promise<string[]> => {
  const all: string[] = []
  for await (const [id] of walk) all.push(id)
  return all
}

describe('walking history', () => {
  it('finds every ancestor once, in the order of git', async () => {
    const tips = [ids.at(-1)!, ids.at(-2)!]
    const expected = gitText(repository, ['rev-list', ...tips])
      .split('\n')
      .map(trustedId)
    expect(await collect(ancestors(store, tips))).toEqual(expected)
    expect(await collect(ancestors(store, tips, { limit: 7 }))).toEqual(expected.slice(0, 7))
  })

  it('knows who is whose ancestor, though dates go backwards', async () => {
    for (let n = 0; n < ids.length; n += 13) {
      const reached = new Set(gitText(repository, ['rev-list', ids[n]!]).split('\n'))
      for (const id of ids) expect(await isAncestor(store, id, ids[n]!)).toBe(reached.has(id))
    }
  })

  it('says which commit is missing', async () => {
    const gone = trustedId('ab'.repeat(20))
    await expect(collect(ancestors(store, [gone]))).rejects.toMatchObject({ code: 'CORRUPT', object: gone })
    await expect(isAncestor(store, ids[0]!, gone)).rejects.toThrow(CorruptError)
  })
})
