import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MemorySessionStore } from '../../src/store/memory/memory-session-store.ts'
import { nodeDisk } from '../../src/workspace/disk/disk.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { contentOf, write } from './support/folder.ts'
import { LATER, scene, sceneIn } from './support/store.ts'

const PROJECT = {
  'README.md': '# Project\n',
  'src/main.ts': 'main()\n',
  'bin/run': '#!/bin/sh\necho run\n',
  'link to main': '-> src/main.ts',
  'bytes.bin': '\x00\xff\xfe\r\n',
  empty: '',
}

describe('a snapshot', () => {
  test('is a commit on the line of the branch, named by its checkpoint, with the files as git would have them', async () => {
    const { git, root, turn } = scene()
    write(root, PROJECT)
    const id = await turn('one')
    const line = git('rev-parse', 'demo/_workspace.main')
    expect(git('log', '-1', '--format=%(trailers:key=Forkpoint-Files,valueonly)', id)).toBe(line)
    expect(git('log', '-1', '--format=%s', 'demo/_workspace.main')).toBe(git('log', '-1', '--format=%s', id))
    gitText(root, ['init', '-q'])
    gitText(root, ['add', '-A'])
    const tree = gitText(root, ['write-tree'])
    expect(git('rev-parse', `${line}^{tree}`)).toBe(tree)
    expect(git('fsck', '--strict')).toBe('')
  })

  test('adds a commit only where a file changed; every checkpoint names its files all the same', async () => {
    const { git, root, turn } = scene()
    write(root, PROJECT)
    const ids = [await turn('one'), await turn('two')]
    write(root, { 'src/main.ts': 'main(2)\n', 'src/new.ts': 'x\n', empty: undefined })
    ids.push(await turn('three'))
    const named = ids.map((id) => git('log', '-1', '--format=%(trailers:key=Forkpoint-Files,valueonly)', id))
    expect(named[1]).toBe(named[0])
    expect(named[2]).not.toBe(named[0])
    expect(git('log', '--format=%s', 'demo/_workspace.main')).toBe('turn 3: three\nturn 1: one')
    const stat = git('show', '--name-status', '--format=', 'demo/_workspace.main')
    expect(stat).toBe('D\tempty\nM\tsrc/main.ts\nA\tsrc/new.ts')
  })

  test('of a turn can be cherry-picked into the real repository', async () => {
    const { git, root, store, turn } = scene()
    write(root, PROJECT)
    gitText(root, ['init', '-q'])
    gitText(root, ['add', '-A'])
    gitText(root, ['commit', '-qm', 'start'])
    await turn('one')
    write(root, { 'src/main.ts': 'main(2)\n' })
    await turn('two')
    const after = contentOf(root)
    gitText(root, ['checkout', '-q', '.'])
    gitText(root, ['fetch', '-q', store.folder, 'demo/_workspace.main'])
    gitText(root, ['cherry-pick', 'FETCH_HEAD'])
    expect(contentOf(root)).toEqual(after)
    expect(gitText(root, ['log', '-1', '--format=%s'])).toBe(git('log', '-1', '--format=%s', 'demo/main'))
  })

  test('says what it leaves out, and why', async () => {
    const { files, root, store, turn } = scene({ limits: { fileBytes: 100 } })
    write(root, {
      ...PROJECT,
      '.env': 'TOKEN=1',
      '.env.example': 'TOKEN=',
      'keys/id_rsa': 'x',
      'big.bin': 'x'.repeat(101),
      'nested/file': '1',
      'GIT~1/config': '1',
    })
    gitText(join(root, 'nested'), ['init', '-q'])
    mkdirSync(join(root, 'nothing'))
    execFileSync('mkfifo', [join(root, 'pipe')])
    writeFileSync(Buffer.concat([Buffer.from(`${root}/latin-`), Buffer.from([0xe9])]), '1')
    const server = createServer().listen(join(root, 'socket'))
    await turn('one')
    const { leftOut } = await files.keep('demo')
    server.close()
    expect(leftOut).toEqual([
      { path: '.env', why: 'secret' },
      { path: 'GIT~1', why: 'name' },
      { path: 'big.bin', why: 'too large' },
      { path: 'keys/id_rsa', why: 'secret' },
      { path: 'latin-\ufffd', why: 'name' },
      { path: 'nested/', why: 'repository' },
      { path: 'nothing/', why: 'empty folder' },
      { path: 'pipe', why: 'special file' },
      { path: 'socket', why: 'special file' },
    ])
    const paths = (await files.list('demo', 'main')).map(({ path }) => path)
    expect(paths).toEqual([
      '.env.example',
      'README.md',
      'bin/run',
      'bytes.bin',
      'empty',
      'link to main',
      'src/main.ts',
    ])
    expect((await store.checkpoint('demo')).subject).toBe('turn 1: one')
  })

  test('takes a file that may hold secrets when it is named', async () => {
    const { files, root, turn } = scene({ include: ['.env', 'keys/id_rsa'] })
    write(root, { '.env': '1', 'keys/id_rsa': '1', 'other/id_rsa': '1' })
    await turn('one')
    expect((await files.list('demo', '')).map(({ path }) => path)).toEqual(['.env', 'keys/id_rsa'])
  })

  test('never has the store in it, nor a link followed', async () => {
    const root = tempFolder()
    const outside = tempFolder()
    write(outside, { secret: '1' })
    const { files, turn } = sceneIn(join(root, 'sessions'), root)
    write(root, { file: '1', 'to outside': `-> ${outside}` })
    await turn('one')
    await turn('two')
    expect((await files.list('demo', '')).map(({ path, kind }) => [path, kind])).toEqual([
      ['file', 'file'],
      ['to outside', 'link'],
    ])
  })

  test('of more files or bytes than are allowed is an error with a path, and nothing is written', async () => {
    for (const [limits, path] of [
      [{ files: 2 }, expect.any(String)],
      [{ bytes: 10 }, expect.any(String)],
      [{ fileBytes: 5, largeFiles: 'error' as const }, 'c'],
    ] as const) {
      const { root, store, turn } = scene({ limits })
      write(root, { a: '12345', b: '12345', c: '123456' })
      await expect(turn('one')).rejects.toMatchObject({ code: 'WORKSPACE_LIMIT', path })
      expect(await store.exists('demo')).toBe(false)
    }
  })

  test('of a store without them is refused', async () => {
    const { files } = scene()
    const store = new MemorySessionStore()
    expect(store.supports.files).toBe(false)
    await expect(store.save({ id: 'x' } as never, { files })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('sees a file that was written twice in one instant, with the same size', async () => {
    const { files, root, turn } = scene()
    const file = join(root, 'file')
    const at = new Date(1_700_000_000_000)
    writeFileSync(file, 'one')
    utimesSync(file, at, at)
    await turn('one')
    writeFileSync(file, 'two')
    utimesSync(file, at, at)
    await turn('two')
    expect((await files.read('demo', 'main', 'file')).toString()).toBe('two')
    expect((await files.read('demo', 'main~1', 'file')).toString()).toBe('one')
  })

  test('sees another mode, a file that became a link, and one that was moved over another', async () => {
    const { files, root, turn } = scene()
    write(root, { a: 'x', b: 'y', c: 'z', d: 'w' })
    await turn('one')
    chmodSync(join(root, 'a'), 0o755)
    write(root, { b: '-> a' })
    renameSync(join(root, 'c'), join(root, 'd'))
    await turn('two')
    const kinds = (await files.list('demo', '')).map(({ path, kind }) => `${path} ${kind}`)
    expect(kinds).toEqual(['a executable', 'b link', 'd file'])
    expect((await files.read('demo', '', 'd')).toString()).toBe('z')
  })

  test('reads a file again that changes while it is read, and leaves out one that never rests', async () => {
    let torn = 0
    const disk: typeof nodeDisk = {
      ...nodeDisk,
      async read(path) {
        const read = await nodeDisk.read(path)
        if (path.endsWith('/once') && torn++ > 0) return read
        if (!/\/(?:once|always)$/.test(path)) return read
        return { ...read, after: { ...read.after, mtime: read.after.mtime + 1 } }
      },
    }
    const { files, root, turn } = scene({}, { disk })
    write(root, { once: '1', always: '1', other: '1' })
    await turn('one')
    expect((await files.list('demo', '')).map(({ path }) => path)).toEqual(['once', 'other'])
    expect((await files.keep('demo')).leftOut).toEqual([{ path: 'always', why: 'changing' }])
    expect(torn).toBeGreaterThan(1)
  })

  test('is taken of a log that another process is writing to', async () => {
    const { files, root, turn } = scene()
    const log = join(root, 'log')
    writeFileSync(log, '')
    const writing = setInterval(() => appendFileSync(log, 'a line\n'), 1)
    await turn('one')
    clearInterval(writing)
    const paths = (await files.list('demo', '')).map(({ path }) => path)
    if (paths.includes('log'))
      expect((await files.read('demo', '', 'log')).toString()).toMatch(/^(?:a line\n)*$/)
    await turn('two')
    expect((await files.list('demo', '')).map(({ path }) => path)).toEqual(['log'])
  })

  test('leaves out a file that cannot be read', async () => {
    const disk: typeof nodeDisk = {
      ...nodeDisk,
      read: (path) =>
        path.endsWith('/closed')
          ? Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }))
          : nodeDisk.read(path),
    }
    const { files, root, turn } = scene({}, { disk })
    write(root, { closed: '1', open: '1' })
    await turn('one')
    expect((await files.keep('demo')).leftOut).toEqual([{ path: 'closed', why: 'unreadable' }])
  })

  test('reads only what changed, also in the next process', async () => {
    const read: string[] = []
    const disk: typeof nodeDisk = {
      ...nodeDisk,
      read: (path) => {
        read.push(path.slice(path.lastIndexOf('/') + 1))
        return nodeDisk.read(path)
      },
    }
    const { root, store, turn } = scene({}, { disk, now: LATER })
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`d${n % 7}/f${n}`, `${n}`]))
    write(root, many)
    await turn('one')
    expect(read.length).toBe(250)
    read.length = 0
    write(root, { 'd1/f1': 'new' })
    await turn('three')
    expect(read).toEqual(['f1'])
    const other = sceneIn(store.folder, root, {}, { disk, now: LATER })
    read.length = 0
    await other.turn('four')
    expect(read).toEqual(['f1'])
  })
})

test('the line of a branch with a long name is one, by its full and its short name', async () => {
  const { git, root, store, turn } = scene()
  write(root, { a: '1' })
  await turn('one')
  const long = `${'long-'.repeat(60)}Ä`
  await store.fork('demo', { branch: long })
  await turn('two', long)
  const part = git('for-each-ref', '--format=%(refname)', 'refs/heads/demo')
    .split('\n')
    .find((ref) => ref.includes('/long-'))!
  const short = part.split('/').at(-1)!
  write(root, { a: '2' })
  await turn('three', short)
  const lines = git('for-each-ref', '--format=%(refname)', 'refs/heads/demo')
    .split('\n')
    .filter((ref) => ref.includes('/_'))
  expect(lines.length).toBe(2)
})
