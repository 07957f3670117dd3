import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkpointsOf } from '../../src/checkpoints/of-store.ts'
import { nodeDisk, type WorkspaceDisk } from '../../src/workspace/disk/disk.ts'
import { tempFolder } from '../git/real-git.ts'
import { contentOf, write } from './support/folder.ts'
import { LATER, scene, sceneIn } from './support/store.ts'

const PROJECT = {
  'README.md': '# Project\n',
  'src/main.ts': 'main()\n',
  'src/deep/er/x.ts': 'x\n',
  'bin/run': '#!/bin/sh\necho run\n',
  link: '-> src/main.ts',
  'bytes.bin': '\x00\xff\xfe\r\n',
}

describe('a restore', () => {
  test('brings files back as they were, and is undone by another', async () => {
    const { files, root, turn } = scene()
    write(root, PROJECT)
    await turn('one')
    write(root, {
      'src/main.ts': 'main(2)\n',
      new: '1',
      'more/new': '2',
      link: 'a file now',
      'bin/run': 'plain',
    })
    rmSync(join(root, 'src/deep'), { recursive: true })
    const after = contentOf(root)
    const plan = await files.plan('demo', 'main')
    expect(contentOf(root)).toEqual(after)
    const { undo, snapshot, ...done } = await files.restore('demo', 'main')
    expect(done).toEqual(plan)
    expect(done).toEqual({
      written: ['src/deep/er/x.ts'],
      changed: ['bin/run', 'link', 'src/main.ts'],
      deleted: ['new', 'more/new'],
      kept: [],
    })
    expect(contentOf(root)).toEqual(PROJECT)
    expect(existsSync(join(root, 'more'))).toBe(false)
    expect(await files.state('demo', 'main')).toBe('same')
    await files.restore('demo', undo!)
    expect(contentOf(root)).toEqual(after)
    expect(await files.state('demo', 'main')).toBe('changed')
    expect(snapshot).toMatch(/^[0-9a-f]{40}$/)
  })

  test('of nothing that could be lost makes no snapshot', async () => {
    const { files, root, turn, git } = scene()
    write(root, PROJECT)
    await turn('one')
    rmSync(join(root, 'src'), { recursive: true })
    const before = git('rev-parse', 'demo/_workspace.main')
    const report = await files.restore('demo', '')
    expect(report.undo).toBe(undefined)
    expect(git('rev-parse', 'demo/_workspace.main')).toBe(before)
    expect(contentOf(root)).toEqual(PROJECT)
  })

  test('of some paths leaves the others alone', async () => {
    const { files, root, turn } = scene()
    write(root, PROJECT)
    await turn('one')
    write(root, { 'src/main.ts': '2', 'README.md': '2', 'src/new': '1' })
    await files.restore('demo', '', { paths: ['./src/'] })
    expect(contentOf(root)).toEqual({ ...PROJECT, 'README.md': '2' })
    await expect(files.restore('demo', '', { paths: ['no such'] })).rejects.toMatchObject({ kind: 'file' })
    await expect(files.restore('demo', '', { paths: ['../x'] })).rejects.toMatchObject({ code: 'INVALID_ID' })
    await expect(files.restore('demo', '', { paths: ['/etc'] })).rejects.toMatchObject({ code: 'INVALID_ID' })
  })

  test('swaps files and folders', async () => {
    const { files, root, turn } = scene()
    write(root, { a: 'file', 'b/c': 'below', 'b/d/e': 'deep' })
    await turn('one')
    write(root, { a: undefined, b: undefined })
    write(root, { 'a/x/y': '1', b: 'a file now' })
    const after = contentOf(root)
    const plan = await files.plan('demo', '')
    const { undo, snapshot: _, ...done } = await files.restore('demo', '')
    expect(done).toEqual(plan)
    expect(contentOf(root)).toEqual({ a: 'file', 'b/c': 'below', 'b/d/e': 'deep' })
    await files.restore('demo', undo!)
    expect(contentOf(root)).toEqual(after)
  })

  test('leaves what no snapshot holds: ignored files, secrets, large ones', async () => {
    const { files, root, turn } = scene({ limits: { fileBytes: 50 } })
    write(root, { '.gitignore': '*.log\n', a: '1', 'x.log': 'old', '.env': 'old', big: 'x'.repeat(51) })
    await turn('one')
    write(root, {
      a: '2',
      'x.log': 'new',
      '.env': 'new',
      big: 'y'.repeat(60),
      'out/y.log': '1',
      'out/z': '1',
    })
    await files.restore('demo', '')
    expect(contentOf(root)).toEqual({
      '.gitignore': '*.log\n',
      a: '1',
      'x.log': 'new',
      '.env': 'new',
      big: 'y'.repeat(60),
      'out/y.log': '1',
    })
  })

  test('does not delete what the rules of then ignored, nor overwrite what those of now do', async () => {
    const { files, root, turn } = scene()
    write(root, { '.gitignore': '*.db\n', 'state.db': 'kept', 'note.txt': 'then' })
    const then = await turn('one')
    write(root, { '.gitignore': '*.txt\n', 'note.txt': 'mine' })
    await turn('two')
    const { kept, deleted } = await files.restore('demo', then)
    expect(deleted).toEqual([])
    expect(kept).toEqual([
      { path: 'note.txt', why: 'not in a snapshot' },
      { path: 'state.db', why: 'left out then' },
    ])
    expect(contentOf(root)).toEqual({ '.gitignore': '*.db\n', 'state.db': 'kept', 'note.txt': 'mine' })
  })

  test('keeps the permissions of a file, but for who may run it', async () => {
    const { files, root, turn } = scene()
    write(root, { a: '1', b: '#!1' })
    chmodSync(join(root, 'a'), 0o640)
    await turn('one')
    writeFileSync(join(root, 'a'), '2')
    chmodSync(join(root, 'b'), 0o600)
    await files.restore('demo', '')
    expect(lstatSync(join(root, 'a')).mode & 0o777).toBe(0o640)
    expect(lstatSync(join(root, 'b')).mode & 0o777).toBe(0o700)
  })

  test('does not go through a link that took the place of a folder', async () => {
    const outside = tempFolder()
    write(outside, { 'main.ts': 'theirs', 'deep/er/x.ts': 'theirs' })
    const { files, root, turn } = scene()
    write(root, PROJECT)
    await turn('one')
    rmSync(join(root, 'src'), { recursive: true })
    symlinkSync(outside, join(root, 'src'))
    await files.restore('demo', '')
    expect(contentOf(outside)).toEqual({ 'main.ts': 'theirs', 'deep/er/x.ts': 'theirs' })
    expect(contentOf(root)).toEqual(PROJECT)
  })

  test('does not go through a link that is put in the way in the middle', async () => {
    const outside = tempFolder()
    write(outside, { 'main.ts': 'theirs' })
    let isSwapped = false
    const disk: WorkspaceDisk = {
      ...nodeDisk,
      async openFolder(path) {
        if (path.endsWith('/src') && isSwapped === false && swap !== undefined) {
          isSwapped = true
          swap()
        }
        return nodeDisk.openFolder(path)
      },
    }
    let swap: (() => void) | undefined
    const { files, root, turn } = scene({}, { disk, now: LATER })
    write(root, PROJECT)
    await turn('one')
    write(root, { 'src/main.ts': 'two' })
    await turn('two')
    swap = () => {
      rmSync(join(root, 'src'), { recursive: true })
      symlinkSync(outside, join(root, 'src'))
    }
    const { kept } = await files.restore('demo', 'main~1')
    expect(isSwapped).toBe(true)
    expect(kept).toEqual([{ path: 'src/main.ts', why: 'in the way' }])
    expect(contentOf(outside)).toEqual({ 'main.ts': 'theirs' })
  })

  test('leaves a file alone that was written since it was looked at', async () => {
    let isNew = true
    const disk: WorkspaceDisk = {
      ...nodeDisk,
      async stat(path) {
        if (isNew && path.includes('/proc/') && path.endsWith('/a') && late !== undefined) {
          isNew = false
          late()
        }
        return nodeDisk.stat(path)
      },
    }
    let late: (() => void) | undefined
    const { files, root, turn } = scene({}, { disk, now: LATER })
    write(root, { a: '1', b: '1' })
    await turn('one')
    write(root, { a: '2', b: '2' })
    await turn('two')
    late = () => writeFileSync(join(root, 'a'), 'just written')
    const { kept, changed } = await files.restore('demo', 'main~1')
    expect({ kept, changed }).toEqual({ kept: [{ path: 'a', why: 'changed meanwhile' }], changed: ['b'] })
    expect(contentOf(root)).toEqual({ a: 'just written', b: '1' })
  })

  test('on a disk that takes two names for one writes the first, and says so of the second', async () => {
    const fold = (path: string) => {
      const cut = path.lastIndexOf('/') + 1
      return path.slice(0, cut) + path.slice(cut).toLowerCase()
    }
    const { root, store, turn } = scene()
    write(root, { README: 'big', readme: 'small', other: '1' })
    const id = await turn('one')
    const folding: WorkspaceDisk = {
      ...nodeDisk,
      stat: (path) => nodeDisk.stat(fold(path)),
      read: (path) => nodeDisk.read(fold(path)),
      rename: (from, to) => nodeDisk.rename(from, fold(to)),
    }
    const { sceneIn } = await import('./support/store.ts')
    const elsewhere = tempFolder()
    const { files } = sceneIn(store.folder, elsewhere, {}, { disk: folding })
    const { kept, written } = await files.restore('demo', id)
    expect(kept).toEqual([{ path: 'readme', why: 'same name' }])
    expect(written).toEqual(['README', 'other'])
    expect(contentOf(elsewhere)).toEqual({ readme: 'big', other: '1' })
  })

  test('says what could not be written, and does the rest; a full disk stops it; doing it again completes it', async () => {
    let trouble: string | undefined
    const disk: WorkspaceDisk = {
      ...nodeDisk,
      create: (path, data, mode) =>
        trouble === undefined || data.length !== 3
          ? nodeDisk.create(path, data, mode)
          : Promise.reject(Object.assign(new Error('no'), { code: trouble })),
    }
    const { files, root, turn } = scene({}, { disk })
    write(root, { a: '1', b: '333', c: '1' })
    const id = await turn('one')
    write(root, { a: '2', b: '2', c: '2' })
    trouble = 'EACCES'
    const failure = await files.restore('demo', id).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'RESTORE', failed: [{ path: 'b', errno: 'EACCES' }] })
    expect(contentOf(root)).toEqual({ a: '1', b: '2', c: '1' })
    trouble = 'ENOSPC'
    await expect(files.restore('demo', id)).rejects.toMatchObject({ code: 'STORAGE', errno: 'ENOSPC' })
    trouble = undefined
    await files.restore('demo', id)
    expect(contentOf(root)).toEqual({ a: '1', b: '333', c: '1' })
    await files.restore('demo', (failure as { undo: string }).undo)
    expect(contentOf(root)).toEqual({ a: '2', b: '2', c: '2' })
  })

  test('keeps its temporary file while others take snapshots, and leaves those of others alone', async () => {
    let [pause, resume, paused] = [Promise.resolve(), () => {}, () => {}]
    const disk: WorkspaceDisk = {
      ...nodeDisk,
      async rename(from, to) {
        paused()
        await pause
        return nodeDisk.rename(from, to)
      },
    }
    const { store, files, root, turn } = scene({}, { disk })
    write(root, { a: '1' })
    const one = await turn('one')
    const foreign = ['.forkpoint-0123456789abcdef.tmp', '.forkpoint-0123456789ab.tmp']
    write(root, { a: '2', [foreign[0]!]: 'of another store', [foreign[1]!]: 'of a tool' })
    pause = new Promise((resolve) => {
      resume = resolve
    })
    const isPaused = new Promise<void>((resolve) => {
      paused = resolve
    })
    const restoring = files.restore('demo', one)
    await isPaused
    const second = sceneIn(checkpointsOf(store).history.repository.paths.root, root)
    await second.turn('meanwhile')
    expect((await second.files.list('demo', '')).map(({ path }) => path)).toEqual(['a'])
    resume()
    await restoring
    expect(readFileSync(join(root, 'a'), 'utf8')).toBe('1')
    expect(readdirSync(root).sort()).toEqual([...foreign.sort(), 'a'])
  })

  test('of a checkpoint without a snapshot says so', async () => {
    const { files, root, store, turn } = scene()
    write(root, PROJECT)
    await turn('one')
    const message = { id: 'x', role: 'user' as const, content: 'x', createdAt: new Date().toISOString() }
    await store.append('demo', { messages: [message] }, { expected: 'any' })
    await expect(files.restore('demo', '')).rejects.toMatchObject({ code: 'NOT_FOUND', kind: 'snapshot' })
    await expect(files.restore('demo', 'nothing')).rejects.toMatchObject({ kind: 'revision' })
    expect(await files.state('demo', '')).toBe('unknown')
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toBe('# Project\n')
  })
})
