import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { UnsupportedError } from '../../src/errors.ts'
import { NEW_CONFIG } from '../../src/git/config/config.ts'
import { type FileSystem, nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { pathsOf } from '../../src/git/disk/paths.ts'
import { NativeGitError } from '../../src/git/upkeep/native/error.ts'
import { findGit, NativeGit } from '../../src/git/upkeep/native/git.ts'
import { checkHarmless } from '../../src/git/upkeep/native/harmless.ts'
import { checkTrusted } from '../../src/git/upkeep/native/trust.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'

afterEach(() => vi.unstubAllEnvs())

/** A repository with two commits, and a program that leaves a mark when anything runs it. */
function repository() {
  const root = bareRepository()
  const canary = join(tempFolder(), 'sang')
  const program = join(tempFolder(), 'canary')
  writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\ncat\n`)
  chmodSync(program, 0o755)
  const commits = ['one\n', 'two\n'].map((text) => {
    const blob = gitText(root, ['hash-object', '-w', '--stdin'], text)
    const tree = gitText(root, ['mktree'], `100644 blob ${blob}\tfile.txt\n`)
    return gitText(root, ['commit-tree', '-m', text, tree])
  })
  git(root, ['update-ref', 'refs/heads/main', commits[1]!])
  return { root, canary, program, commits: commits as [string, string], paths: pathsOf(root) }
}

type Repository = ReturnType<typeof repository>

/** Every command that is run on stores, one after the other. */
async function runAll({ root, paths, commits }: Repository): Promise<string> {
  const native = await NativeGit.open(nodeFileSystem, paths)
  if (native === undefined) throw new Error('no git')
  const patch = await native.run(['diff-tree', '-p', '--no-ext-diff', '--no-textconv', ...commits, '--'])
  await native.run(['pack-objects', '--all', '--quiet', join(root, 'objects/pack/pack')])
  await native.run(['pack-refs', '--all'])
  await native.run(['commit-graph', 'write', '--reachable'])
  await native.run(['multi-pack-index', 'write'])
  return patch
}

describe('A git binary', () => {
  test('is found on the PATH with its version', async () => {
    const binary = await findGit()
    expect(binary?.file).toMatch(/^\//)
    expect(gitText('/', ['--version'])).toContain(binary?.version)
  })

  test('that is not there is undefined', async () => {
    expect(await findGit(tempFolder())).toBeUndefined()
    vi.stubEnv('PATH', tempFolder())
    expect(await NativeGit.open(nodeFileSystem, repositoryOnPath().paths)).toBeUndefined()
  })

  test('that is too old is refused with its version', async () => {
    const { paths } = repository()
    const folder = tempFolder()
    writeFileSync(join(folder, 'git'), '#!/bin/sh\necho git version 2.29.2\n', { mode: 0o755 })
    vi.stubEnv('PATH', folder)
    await expect(NativeGit.open(nodeFileSystem, paths)).rejects.toThrow(/git 2\.29\.2; 2\.30 or later/)
  })

  test('in the folder of the store is never the one that is run', async () => {
    const { root, program, canary, paths } = repository()
    writeFileSync(join(root, 'git'), readFileSync(program), { mode: 0o755 })
    vi.stubEnv('PATH', ['.', '', process.env.PATH].join(delimiter))
    const native = await NativeGit.open(nodeFileSystem, paths)
    expect(await native!.run(['rev-parse', '--git-dir'])).toBe(`${root}\n`)
    await native!.run(['pack-refs', '--all'])
    expect(existsSync(canary)).toBe(false)
  })

  test('is not used for a disk that is not the real one', async () => {
    const other: FileSystem = { ...nodeFileSystem }
    expect(await NativeGit.open(other, repository().paths)).toBeUndefined()
  })
})

function repositoryOnPath(): { paths: ReturnType<typeof pathsOf> } {
  return { paths: pathsOf('/nowhere') }
}

describe('Running git', () => {
  test('gives its output', async () => {
    const made = repository()
    expect(await runAll(made)).toContain('-one\n+two\n')
  })

  test('that fails names the command and what git said', async () => {
    const native = await NativeGit.open(nodeFileSystem, repository().paths)
    const failed = native!.run(['cat-file', '-p', 'f'.repeat(40)])
    await expect(failed).rejects.toBeInstanceOf(NativeGitError)
    await expect(failed).rejects.toThrow(/'git cat-file' failed: .*Not a valid object name/s)
  })

  test('ends when its time is over', async () => {
    const native = await NativeGit.open(nodeFileSystem, repository().paths)
    // Enough to do for longer than it gets.
    const endless = native!.run(['cat-file', '--batch-check', '--follow-symlinks'], {
      input: `${'0'.repeat(40)}\n`.repeat(200_000),
      timeout: 1,
    })
    await expect(endless).rejects.toThrow(/stopped after/)
  })

  test('ends when it is called off', async () => {
    const native = await NativeGit.open(nodeFileSystem, repository().paths)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(native!.run(['pack-refs', '--all'], { signal })).rejects.toThrow('enough')
  })

  test('with more output than wanted stops, and says so', async () => {
    const { paths } = repository()
    const native = await NativeGit.open(nodeFileSystem, paths)
    const input = `${'0'.repeat(40)}\n`.repeat(20_000)
    const run = native!.run(['cat-file', '--batch-check'], { input, maxOutput: 1000 })
    await expect(run).rejects.toBeInstanceOf(UnsupportedError)
    await expect(run).rejects.toThrow(/more than 1000 bytes/)
  })

  test('reads no configuration of the user or the machine, and nothing of the environment', async () => {
    const made = repository()
    const home = tempFolder()
    const evil = [
      `[core]\n\thooksPath = ${home}/hooks\n\tpager = ${made.program}\n\tfsmonitor = ${made.program}`,
      `[diff]\n\texternal = ${made.program}`,
      `[alias]\n\tdiff-tree = !${made.program}\n\tpack-refs = !${made.program}`,
      `[trace2]\n\tnormalTarget = ${made.canary}`,
    ].join('\n')
    mkdirSync(join(home, 'hooks'))
    for (const hook of HOOKS)
      writeFileSync(join(home, 'hooks', hook), readFileSync(made.program), { mode: 0o755 })
    writeFileSync(join(home, '.gitconfig'), evil)
    mkdirSync(join(home, '.config/git'), { recursive: true })
    writeFileSync(join(home, '.config/git/config'), evil)
    for (const name of ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM']) vi.stubEnv(name, join(home, '.gitconfig'))
    vi.stubEnv('HOME', home)
    vi.stubEnv('XDG_CONFIG_HOME', join(home, '.config'))
    vi.stubEnv('GIT_CONFIG_COUNT', '1')
    vi.stubEnv('GIT_CONFIG_KEY_0', 'diff.external')
    vi.stubEnv('GIT_CONFIG_VALUE_0', made.program)
    vi.stubEnv('GIT_CONFIG_PARAMETERS', `'diff.external=${made.program}'`)
    for (const name of ['GIT_EXTERNAL_DIFF', 'GIT_PAGER', 'PAGER', 'GIT_EDITOR', 'EDITOR', 'GIT_SSH_COMMAND'])
      vi.stubEnv(name, made.program)
    vi.stubEnv('GIT_DIR', home)
    vi.stubEnv('GIT_OBJECT_DIRECTORY', home)
    vi.stubEnv('GIT_TRACE', made.canary)
    vi.stubEnv('GIT_TRACE2', made.canary)
    vi.stubEnv('GIT_EXEC_PATH', home)
    expect(await runAll(made)).toContain('-one\n+two\n')
    expect(existsSync(made.canary)).toBe(false)
  })

  test('runs no hook of the repository', async () => {
    const made = repository()
    for (const hook of HOOKS) {
      writeFileSync(join(made.root, 'hooks', hook), readFileSync(made.program), { mode: 0o755 })
    }
    await runAll(made)
    expect(existsSync(made.canary)).toBe(false)
    // The hooks would have run otherwise.
    git(made.root, ['update-ref', 'refs/heads/other', made.commits[0]])
    expect(existsSync(made.canary)).toBe(true)
  })

  test('follows no replaced objects', async () => {
    const made = repository()
    git(made.root, ['replace', made.commits[0], made.commits[1]])
    expect(await runAll(made)).toContain('-one\n+two\n')
  })
})

const HOOKS = ['reference-transaction', 'pre-auto-gc', 'post-update', 'post-index-change', 'post-rewrite']

describe('A configuration', () => {
  const file = '/store/config'

  test('that a new store gets, or that git writes into a bare clone, is harmless', () => {
    checkHarmless(NEW_CONFIG, file)
    const source = bareRepository()
    const clone = tempFolder()
    git(clone, ['clone', '--quiet', '--mirror', source, 'm.git'])
    checkHarmless(readFileSync(join(clone, 'm.git/config'), 'utf8'), file)
  })

  test.each([
    'alias.log=!CANARY',
    'core.alternateRefsCommand=CANARY',
    'core.askPass=CANARY',
    'core.editor=CANARY',
    'core.fsmonitor=CANARY',
    'core.gitProxy=CANARY',
    'core.hooksPath=/tmp',
    'core.pager=CANARY',
    'core.sshCommand=CANARY',
    'core.worktree=/tmp',
    'core.attributesFile=/tmp/x',
    'credential.helper=CANARY',
    'credential.https://x.helper=CANARY',
    'diff.external=CANARY',
    'diff.json.command=CANARY',
    'diff.json.textconv=CANARY',
    'diff.orderFile=/etc/passwd',
    'extensions.worktreeConfig=true',
    'filter.x.clean=CANARY',
    'filter.x.process=CANARY',
    'filter.x.smudge=CANARY',
    'gc.recentObjectsHook=CANARY',
    'gpg.program=CANARY',
    'gpg.ssh.defaultKeyCommand=CANARY',
    'hook.x.command=CANARY',
    'include.path=/tmp/x',
    'includeIf.gitdir:/.path=/tmp/x',
    'interactive.diffFilter=CANARY',
    'merge.x.driver=CANARY',
    'pager.diff=CANARY',
    'receive.procReceiveRefs=refs/for',
    'remote.x.receivepack=CANARY',
    'remote.x.uploadpack=CANARY',
    'remote.x.vcs=ext',
    'sequence.editor=CANARY',
    'tar.x.command=CANARY',
    'trailer.x.command=CANARY',
    'uploadpack.packObjectsHook=CANARY',
    'url.ext::x.insteadOf=CANARY',
  ])('with %s keeps git from being run, and nothing is run', async (setting) => {
    const made = repository()
    const [key, value] = setting.replace('CANARY', made.program).split(/=(.*)/s) as [string, string]
    git(made.root, ['config', '--file', join(made.root, 'config'), key, value])
    writeFileSync(join(made.root, 'info/attributes'), '* diff=json filter=x merge=x\n')
    await expect(NativeGit.open(nodeFileSystem, made.paths)).rejects.toBeInstanceOf(UnsupportedError)
    await expect(NativeGit.open(nodeFileSystem, made.paths)).rejects.toThrow(key.toLowerCase().split('.')[0])
    expect(existsSync(made.canary)).toBe(false)
  })

  test('that turns bad between two commands is seen before the second', async () => {
    const made = repository()
    const native = await NativeGit.open(nodeFileSystem, made.paths)
    git(made.root, ['config', '--file', join(made.root, 'config'), 'diff.external', made.program])
    await expect(native!.run(['diff-tree', '-p', ...made.commits])).rejects.toThrow("'diff.external'")
  })

  test.each([
    ['a comment that seems to go on', '[remote "x"]\n# \\\n[diff]\n\turl = x\n'],
    ['a value on two lines', '[user]\n\tname = a\\\nb\n'],
    ['a section and a key on one line', '[diff] external = x\n'],
    ['the old form of a subsection', '[diff.x]\n\tcommand = x\n'],
    ['an escaped subsection', '[diff "a\\"b"]\n\tcommand = x\n'],
    ['a control character', '[user]\n\tname = a\u000b\n'],
    ['a lone carriage return', '[user]\n\tname = a\r[diff]\r\texternal = x\n'],
    ['a byte order mark', '\ufeff[core]\n\tbare = true\n'],
    ['garbage', '[core\n'],
  ])('with %s is refused, because readers could differ', (_, text) => {
    expect(() => checkHarmless(text, file)).toThrow(UnsupportedError)
  })
})

describe('A repository', () => {
  const me = { uid: process.geteuid?.(), sudoUid: undefined }

  test.skipIf(process.platform === 'win32')('of another user is not touched by git', () => {
    const { paths } = repository()
    const somebody = (uid: number) => ({ ...nodeFileSystem, ...withOwner(uid) })
    const user = (uid: number, sudoUid?: number) => ({ uid, sudoUid })
    expect(() => checkTrusted(somebody(1001), paths, user(1000))).toThrow(/belongs to another user \(1001\)/)
    expect(() => checkTrusted(somebody(1001), paths, user(0))).toThrow(UnsupportedError)
    checkTrusted(somebody(1000), paths, user(1000))
    checkTrusted(somebody(0), paths, user(1000))
    checkTrusted(somebody(1000), paths, user(0, 1000))
    expect(() => checkTrusted(somebody(1001), paths, user(1000, 1001))).toThrow(UnsupportedError)
  })

  test.each(['config', 'HEAD', 'objects', 'objects/pack', 'refs'])(
    'with a %s of another user neither',
    (name) => {
      const { root, paths } = repository()
      const fs: FileSystem = {
        ...nodeFileSystem,
        stat: (path) => {
          const stat = nodeFileSystem.stat(path)
          return stat && { ...stat, uid: path === join(root, name) ? 1001 : 1000 }
        },
      }
      expect(() => checkTrusted(fs, paths, { uid: 1000, sudoUid: undefined })).toThrow(join(root, name))
    },
  )

  test.each([
    ['config', 'config'],
    ['packed-refs', 'packed-refs'],
    ['a folder of refs', 'refs/heads/a/b'],
    ['a folder of objects', 'objects/ab'],
    ['a pack', 'objects/pack/pack-x.pack'],
    ['objects/info', 'objects/info'],
    ['logs', 'logs'],
  ])('whose %s is a symbolic link is not touched by git', (_, name) => {
    const { root, paths } = repository()
    const outside = tempFolder()
    rmSync(join(root, name), { recursive: true, force: true })
    mkdirSync(join(root, name, '..'), { recursive: true })
    symlinkSync(outside, join(root, name))
    expect(() => checkTrusted(nodeFileSystem, paths, me)).toThrow(UnsupportedError)
    expect(() => checkTrusted(nodeFileSystem, paths, me)).toThrow(/link/)
  })

  test.each(['commondir', 'gitdir', 'config.worktree'])(
    'with a %s is part of another, and refused',
    (name) => {
      const { root, paths } = repository()
      writeFileSync(join(root, name), `${tempFolder()}\n`)
      expect(() => checkTrusted(nodeFileSystem, paths, me)).toThrow(name)
    },
  )

  test('that borrows objects from outside is refused', () => {
    const { root, paths } = repository()
    const other = join(bareRepository(), 'objects')
    writeFileSync(join(root, 'objects/info/alternates'), `${other}\n`)
    expect(() => checkTrusted(nodeFileSystem, paths, me)).toThrow(other)
  })
})

const withOwner = (uid: number): Pick<FileSystem, 'stat'> => ({
  stat: (path) => {
    const stat = nodeFileSystem.stat(path)
    return stat && { ...stat, uid }
  },
})
