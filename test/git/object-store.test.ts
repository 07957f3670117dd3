import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { nodeFileSystem } from '../../src/git/file-system.ts'
import { ObjectStore } from '../../src/git/object-store.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'

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
function objectsByGit(repository: string): Map<string, { type: string; data: Buffer }> {
  const out = git(repository, ['cat-file', '--batch', '--batch-all-objects'])
  const all = new Map<string, { type: string; data: Buffer }>()
  for (let at = 0; at < out.length; ) {
    const end = out.indexOf('\n', at)
    const [id, type, size] = out.toString('latin1', at, end).split(' ')
    all.set(id!, { type: type!, data: out.subarray(end + 1, end + 1 + Number(size)) })
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
