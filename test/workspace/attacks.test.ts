/** Snapshots that somebody made by hand to reach outside the workspace, and folders that wait for a restore. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseTree } from '../../src/git/objects/tree.ts'
import { trustedId } from '../../src/ids.ts'
import { nodeDisk, type WorkspaceDisk } from '../../src/workspace/disk/disk.ts'
import { readFileTree } from '../../src/workspace/file-tree.ts'
import { git as runGit, tempFolder } from '../git/real-git.ts'
import { contentOf, write } from './support/folder.ts'
import { type Scene, scene, sceneIn } from './support/store.ts'

type Made = [mode: string, name: string, content: string | readonly Made[]]

/** Writes a tree as it is given, whatever git says of it. */
function treeOf(folder: string, entries: readonly Made[]): string {
  const parts = entries.map(([mode, name, content]) => {
    const id =
      typeof content !== 'string'
        ? treeOf(folder, content)
        : runGit(folder, ['hash-object', '-w', '--stdin'], content).toString().trim()
    return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')])
  })
  const args = ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally']
  return runGit(folder, args, Buffer.concat(parts)).toString().trim()
}

/** A session whose line of files ends with such a tree. Returns the snapshot's id. */
async function hostile(made: Scene, entries: readonly Made[]): Promise<string> {
  const { git, store } = made
  write(made.root, { mine: 'mine' })
  await made.turn('one')
  const tree = treeOf(store.folder, entries)
  const parent = git('rev-parse', 'demo/_workspace.main')
  const commit = git('commit-tree', tree, '-p', parent, '-m', 'files')
  git('update-ref', 'refs/heads/demo/_workspace.main', commit)
  return commit
}

const bad: Made[] = [['100644', 'evil', 'x']]

describe('a snapshot made by hand', () => {
  test.each([
    '.git',
    '.GIT',
    '.Git',
    'git~1',
    'GIT~1',
    '.git ',
    '.git.',
    '.git::$INDEX_ALLOCATION',
    '.g\u200cit',
    '\ufeff.git',
    '.git\\config',
    '..',
    '.',
    'a/b',
    '../evil',
    '/evil',
    '',
  ])('with the name %j is refused as a whole', async (name) => {
    for (const [mode, content] of [['40000', bad] as const, ['100644', 'x'] as const]) {
      const made = scene()
      const id = await hostile(made, [[mode, name, content]])
      await expect(made.files.restore('demo', id)).rejects.toMatchObject({ code: 'CORRUPT' })
      await expect(made.files.plan('demo', id)).rejects.toMatchObject({ code: 'CORRUPT' })
      expect(contentOf(made.root)).toEqual({ mine: 'mine' })
      expect(readdirSync(join(made.root, '..')).sort()).toEqual(['project', 'store'])
    }
  })

  test('with such a name deep inside is refused before anything is written', async () => {
    const made = scene()
    const id = await hostile(made, [
      ['100644', 'a', '1'],
      ['40000', 'b', [['40000', 'c', [['40000', '.git', bad]]]]],
    ])
    await expect(made.files.restore('demo', id)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(contentOf(made.root)).toEqual({ mine: 'mine' })
  })

  test('with a link and a folder of one name, or a name twice, is refused', async () => {
    const outside = tempFolder()
    for (const entries of [
      [
        ['120000', 'a', outside],
        ['40000', 'a', bad],
      ],
      [
        ['100644', 'a', '1'],
        ['100644', 'a', '2'],
      ],
    ] as Made[][]) {
      const made = scene()
      const id = await hostile(made, entries)
      await expect(made.files.restore('demo', id)).rejects.toMatchObject({ code: 'CORRUPT' })
      expect(readdirSync(outside)).toEqual([])
    }
  })

  test('with a link to outside and, in other capitals, a folder of that name, writes nothing through the link', async () => {
    const outside = realpathSync(tempFolder())
    const fold = (path: string) => path.replace(/\/(LINK|link)(?=\/|$)/g, '/link')
    const folding = Object.fromEntries(
      Object.entries(nodeDisk).map(([name, call]) => [
        name,
        (first: unknown, ...rest: unknown[]) =>
          (call as (...args: unknown[]) => unknown)(
            Array.isArray(first) ? first.map(fold) : fold(first as string),
            ...rest.map((one) => (name === 'rename' || name === 'makeLink' ? fold(one as string) : one)),
          ),
      ]),
    ) as unknown as WorkspaceDisk
    folding.makeLink = (target, path) => nodeDisk.makeLink(target, fold(path))
    const made = scene({}, { disk: folding })
    const id = await hostile(made, [
      ['120000', 'LINK', outside],
      ['40000', 'link', bad],
    ])
    const { kept } = await made.files.restore('demo', id)
    expect(kept).toEqual([{ path: 'link/evil', why: 'in the way' }])
    expect(readdirSync(outside)).toEqual([])
  })

  test('writes nothing into the store or another repository, although they lie in the workspace', async () => {
    const root = realpathSync(tempFolder())
    const made = sceneIn(join(root, 'sessions'), root)
    mkdirSync(join(root, 'vendor'))
    runGit(join(root, 'vendor'), ['init', '-q', '.'])
    const id = await hostile(made, [
      [
        '40000',
        'sessions',
        [['40000', 'hooks', [['100755', 'reference-transaction', '#!/bin/sh\ntouch /tmp/x']]]],
      ],
      ['40000', 'vendor', [['40000', 'sub', bad]]],
      ['100644', 'z', 'good'],
    ])
    const { kept, written } = await made.files.restore('demo', id)
    expect(written).toEqual(['z'])
    expect(kept).toEqual([
      { path: 'sessions/hooks/reference-transaction', why: 'in the way' },
      { path: 'vendor/sub/evil', why: 'in the way' },
    ])
    expect(existsSync(join(root, 'sessions/hooks/reference-transaction'))).toBe(false)
    expect(existsSync(join(root, 'vendor/sub'))).toBe(false)
  })

  test('leaves out a submodule, and a file whose content the store lacks is an error', async () => {
    const made = scene()
    const gone = 'ab'.repeat(20)
    const id = await hostile(made, [['100644', 'z', '1']])
    const { git } = made
    const entry = (mode: string, name: string) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(gone, 'hex')])
    const write = (data: Buffer) =>
      runGit(made.store.folder, ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], data)
        .toString()
        .trim()
    const commit = (tree: string) => {
      const made = git('commit-tree', tree, '-p', id, '-m', 'files')
      git('update-ref', 'refs/heads/demo/_workspace.main', made)
      return made
    }
    const withModule = commit(write(entry('160000', 'module')))
    expect(await made.files.list('demo', withModule)).toEqual([])
    const missing = commit(write(entry('100644', 'lost')))
    await expect(made.files.restore('demo', missing)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(contentOf(made.root)).toEqual({})
  })

  test('that unfolds without end is refused', async () => {
    const name = Buffer.from('40000 again\0')
    const endless = parseTree(Buffer.concat([name, Buffer.alloc(20, 1)]))
    const store = { cachedTree: () => undefined, readTree: async () => endless }
    await expect(readFileTree(store, trustedId('01'.repeat(20)))).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})

describe('a folder that waits for a restore', () => {
  test('with links where files and folders should be keeps what they lead to', async () => {
    const outside = tempFolder()
    write(outside, { 'main.ts': 'theirs', file: 'theirs' })
    const made = scene()
    write(made.root, { 'src/main.ts': '1', file: '1', 'deep/er/x': '1' })
    const id = await made.turn('one')
    const elsewhere = tempFolder()
    const { files } = sceneIn(made.store.folder, elsewhere)
    symlinkSync(outside, join(elsewhere, 'src'))
    symlinkSync(join(outside, 'file'), join(elsewhere, 'file'))
    symlinkSync(outside, join(elsewhere, 'deep'))
    writeFileSync(join(elsewhere, '.gitignore'), 'src\nfile\ndeep\n')
    const { kept, written } = await files.restore('demo', id)
    // The rules of the folder ignore the links, so that no snapshot holds them.
    expect(written).toEqual([])
    expect(kept.map(({ path }) => path)).toEqual(['deep/er/x', 'file', 'src/main.ts'])
    expect(contentOf(outside)).toEqual({ 'main.ts': 'theirs', file: 'theirs' })
  })

  test('that is a link itself is the folder it leads to', async () => {
    const made = scene()
    write(made.root, { a: '1' })
    const id = await made.turn('one')
    const [place, target] = [tempFolder(), tempFolder()]
    symlinkSync(target, join(place, 'link'))
    await sceneIn(made.store.folder, join(place, 'link')).files.restore('demo', id)
    expect(contentOf(target)).toEqual({ a: '1' })
  })
})

// Other systems refuse such names.
test.skipIf(process.platform !== 'linux')(
  'a folder whose path is too long for the system, or whose name is not UTF-8, is left out and said so',
  async () => {
    const { root, files } = scene()
    write(root, { kept: '1' })
    const name = 'e'.repeat(200)
    const deep = Array.from({ length: 25 }, () => `mkdir ${name} && cd ${name}`).join(' && ')
    execFileSync('bash', ['-c', `${deep}; echo 1 > file`], { cwd: root })
    execFileSync('bash', ['-c', "mkdir $'b\\xff' && echo 1 > $'b\\xff/file'"], { cwd: root })
    try {
      const { leftOut } = await files.keep('demo')
      expect(leftOut.map(({ path, why }) => [path.slice(0, 2), why])).toEqual([
        ['b\ufffd', 'name'],
        ['ee', 'unreadable'],
      ])
      expect((await files.list('demo', (await files.keep('demo')).id)).map(({ path }) => path)).toEqual([
        'kept',
      ])
    } finally {
      execFileSync('rm', ['-rf', name], { cwd: root })
    }
  },
)
