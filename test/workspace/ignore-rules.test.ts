import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeDisk } from '../../src/workspace/disk/disk.ts'
import { ignoredIn, rulesAround } from '../../src/workspace/ignore-files.ts'
import { walk } from '../../src/workspace/walk.ts'
import { git, tempFolder } from '../git/real-git.ts'
import { write } from './support/folder.ts'

const found = async (root: string): Promise<string[]> => {
  const rules = await rulesAround(root)
  const { files } = await walk({
    disk: nodeDisk,
    root,
    rules,
    include: new Set(),
    isOther: () => false,
    count: () => {},
  })
  return [...files.keys()].sort()
}

/** What git would add. */
const asGit = (root: string, folder = ''): string[] =>
  execFileSync('git', ['ls-files', '-z', '--others', '--exclude-standard', '--', '.'], {
    cwd: join(root, folder),
    env: { PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1' },
  })
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '')
    .sort()

const project = (content: Record<string, string>): string => {
  const root = tempFolder()
  git(root, ['init', '-q', '.'])
  write(root, content)
  return root
}

test('what is ignored is what git ignores, by rules of the folder, of folders in it, and of .git/info/exclude', async () => {
  const root = project({
    '.gitignore': '*.log\n/build/\nnode_modules\n!keep.log\ndoc/**/draft*\n# a comment\n\\#file\ntrailing \n',
    'a.log': '1',
    'keep.log': '1',
    'build/x': '1',
    'sub/build/x': '1',
    'sub/.gitignore': '!a.log\n/only-here\nbuild/x',
    'sub/a.log': '1',
    'sub/b.log': '1',
    'sub/only-here': '1',
    'sub/deep/only-here': '1',
    'node_modules/p/index.js': '1',
    'sub/node_modules/p/index.js': '1',
    'doc/a/b/draft1': '1',
    'doc/draft2': '1',
    'doc/a/final': '1',
    '#file': '1',
    trailing: '1',
    'Build/x': '1',
    excluded: '1',
    'sub/excluded': '1',
  })
  writeFileSync(join(root, '.git/info/exclude'), '/excluded\n')
  const files = await found(root)
  expect(files).toEqual(asGit(root))
  expect(files).toContain('sub/excluded')
  expect(files).not.toContain('excluded')
})

test('a folder that a deeper rule takes back is looked into, as git does', async () => {
  const root = project({
    '.gitignore': 'logs/\n*.tmp\n',
    'a/.gitignore': '!logs/\n',
    'a/logs/x': '1',
    'a/logs/y.tmp': '1',
    'a/logs/deep/z': '1',
    'logs/x': '1',
  })
  expect(await found(root)).toEqual(asGit(root))
})

test('rules of folders above the workspace count, up to the top of the work tree', async () => {
  const root = project({ '.gitignore': '*.o\n/app/dist/\n', 'app/.gitignore': '*.tmp' })
  write(root, { 'app/lib/a.c': '1', 'app/lib/a.o': '1', 'app/lib/dist/x': '1', 'app/lib/b.tmp': '1' })
  const workspace = join(root, 'app/lib')
  expect(await found(workspace)).toEqual(asGit(root, 'app/lib'))
  expect(await found(workspace)).toEqual(['a.c', 'dist/x'])
})

test('rules of the main repository count in a work tree that was added to it', async () => {
  const root = project({ file: '1' })
  git(root, ['add', '.'])
  git(root, ['commit', '-qm', 'one'])
  git(root, ['worktree', 'add', '-q', 'other'])
  writeFileSync(join(root, '.git/info/exclude'), '*.secret\n')
  const other = join(root, 'other')
  write(other, { 'a.secret': '1', b: '1' })
  expect(await found(other)).toEqual(['b', 'file'])
})

test('.forkpointignore adds rules of its own, and can take one back', async () => {
  const root = project({
    '.gitignore': '*.db\n',
    '.forkpointignore': 'big/\n!state.db\n',
    'state.db': '1',
    'other.db': '1',
    'big/x': '1',
  })
  expect(await found(root)).toEqual(['.forkpointignore', '.gitignore', 'state.db'])
})

test('made-up rules ignore what git check-ignore says, file by file', async () => {
  let seed = 20_240_601
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return Math.floor((seed / 0x80000000) * n)
  }
  const pick = <T>(all: readonly T[]): T => all[random(all.length)]!
  // One letter that is not ASCII is two for git's `?` and `[!a]`, and one for ours.
  const names = ['a', 'b', 'ab', 'a.txt', 'b.log', 'src', 'lib', '.hidden', 'x y', 'äö']
  const patterns = [
    ...['a', 'b/', '/a', '/src/', '*.txt', '*.log', '!*.log', '!a', '!b/', 'src/*', 'src/**', '**/lib'],
    ...[
      '**/a/**',
      'a/**/b',
      'a?',
      '[ab]',
      '[!a]',
      '[a-b].txt',
      '.*',
      '!.hidden',
      '*',
      '!*/',
      'lib/a',
      '/*/b',
    ],
    ...['x\\ y', 'äö', '!src/', 'a*b', '*.t?t', '', '# no', '/**', 'b/**/'],
  ]
  for (let round = 0; round < 60; round++) {
    const root = project({})
    const paths = new Set<string>()
    for (let n = 0; n < 25; n++) paths.add(Array.from({ length: 1 + random(4) }, () => pick(names)).join('/'))
    for (const path of paths) {
      try {
        mkdirSync(join(root, path, '..'), { recursive: true })
        writeFileSync(join(root, path), '1', { flag: 'wx' })
      } catch {
        // A file or a folder is in the way.
      }
    }
    for (const folder of ['', 'src/', 'a/']) {
      if (random(3) === 0 && folder !== '') continue
      try {
        const text = Array.from({ length: 1 + random(5) }, () => pick(patterns)).join('\n')
        writeFileSync(join(root, `${folder}.gitignore`), text)
      } catch {
        // There is no such folder.
      }
    }
    expect(await found(root), `round ${round}`).toEqual(asGit(root))
  }
})

/** Rules that would take minutes or hours, and the paths that they are matched with. */
const SLOW: Record<string, Record<string, string>> = {
  'a path with many folders and many **': {
    '.gitignore': `${'**/a/'.repeat(6)}b`,
    [`${'a/'.repeat(60)}c`]: '1',
  },
  'a hundred thousand rules': {
    '.gitignore': Array.from({ length: 100_000 }, (_, n) => `*.l${n}`).join('\n'),
    a: '1',
  },
  'a rule of a megabyte': { 'sub/.gitignore': 'x'.repeat(1 << 20), 'sub/a': '1' },
  'some rules in each of many folders': Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [
      `${'d/'.repeat(n)}.gitignore`,
      Array.from({ length: 100 }, (_, at) => `x${n}-${at}`).join('\n'),
    ]),
  ),
}
test.each(Object.entries(SLOW))('rules that take too long are refused: %s', async (_, content) => {
  await expect(found(project(content))).rejects.toMatchObject({ code: 'WORKSPACE_LIMIT', limit: 'rules' })
})

test('a long list of rules, which is parsed in pieces, ignores what git ignores', async () => {
  const rules = Array.from({ length: 400 }, (_, n) => [`/d${n}/*`, `!/d${n - 1}/keep`, `*.x${n}`][n % 3])
  const paths = [
    'd0/a',
    'd0/keep',
    'd399/b',
    'd399/keep',
    'd3/keep',
    'f.x2',
    'f.x398',
    'f.x399',
    'd1/keep',
    'a',
  ]
  const content = Object.fromEntries(paths.map((path) => [path, '1']))
  const root = project({ ...content, '.gitignore': rules.join('\n') })
  expect(await found(root)).toEqual(asGit(root))
})

test('names with many stars take no longer than others', async () => {
  const content = {
    '.gitignore': `${'*a'.repeat(60)}*b\n${'*?'.repeat(60)}z\n**/x/**/y/**`,
    ['a'.repeat(200)]: '1',
    [`${'a'.repeat(200)}b`]: '1',
    [`${'d/'.repeat(40)}x/y/z`]: '1',
  }
  const root = project(content)
  expect(await found(root)).toEqual(asGit(root))
})

test('the rules in a tree say what they say on the disk', async () => {
  const tree: Record<string, string> = {
    '.gitignore': '*.log\n/out/\n',
    'sub/.gitignore': '!x.log\n',
  }
  const isIgnored = ignoredIn(await rulesAround(tempFolder()), async (path) => tree[path])
  const asked = ['a.log', 'sub/x.log', 'sub/y.log', 'out/x', 'out/deep/x', 'sub/out/x', 'plain']
  const ignored = await Promise.all(asked.map(isIgnored))
  expect(asked.filter((_, n) => ignored[n])).toEqual(['a.log', 'sub/y.log', 'out/x', 'out/deep/x'])
})
