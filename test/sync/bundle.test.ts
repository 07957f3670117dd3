/** Sessions in a bundle file: a backup that C git reads, and that comes back whole. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  AlreadyExistsError,
  CorruptError,
  NotFoundError,
  StorageError,
  UnsupportedError,
} from '../../src/errors.ts'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message } from '../store/support/git-store.ts'
import { begin, expectClean, machine, refsAt, say, tips } from './support/machines.ts'

const alone = (name: string) => machine('/nowhere', name)

test('a bundle of some sessions has no others, also from archives, however many they are', async () => {
  const one = alone('one')
  const some = Array.from({ length: 60 }, (_, n) => `some-${n + 10}`)
  for (const id of [...some, 'mine', 'cold', 'demo']) await begin(one, id, 1)
  await one.archive({ sessions: ['mine', 'cold'] })
  const file = (name: string) => join(one.folder, '..', `${name}.bundle`)
  const names = (ids: readonly string[]) => ids.map((id) => `heads/${id}/main`)
  expect((await one.bundle(file('demo'), { only: ['demo'] }))!.refs).toEqual(names(['demo']))
  expect((await one.bundle(file('some'), { only: some }))!.refs.sort()).toEqual(names(some))
  expect((await one.bundle(file('cold'), { only: ['cold'] }))!.refs).toEqual(names(['cold']))
  const two = alone('two')
  await two.unbundle(file('cold'))
  expect((await two.load('cold'))!.messages).toEqual((await one.load('cold'))!.messages)
  expect(await two.exists('mine')).toBe(false)
  expectClean(two.folder)
})

test('everything of a store comes back from a bundle, and git reads it too', async () => {
  const folder = tempFolder()
  const file = join(folder, 'all.bundle')
  const one = alone('one')
  await begin(one)
  await one.tag('demo', 'first', { at: 'main~1' })
  await one.fork('demo', { branch: 'try', at: 'main~1' })
  await one.append('demo', { messages: [message('step', 'step')] }, { kind: 'step', branch: 'try' })
  await one.save(emptySession('gone'))
  await one.delete('gone')
  await one.save(emptySession('Other'))
  const report = await one.bundle(file)
  expect(report!.refs).toEqual(
    expect.arrayContaining(['heads/demo/main', 'tags/demo/first', 'heads/other+10/main']),
  )

  gitText(one.folder, ['bundle', 'verify', file])
  gitText(folder, ['clone', '--quiet', '--mirror', file, 'mirror'])
  expect(refsAt(join(folder, 'mirror'), 'refs/heads', 'refs/tags')).toEqual(
    refsAt(one.folder, 'refs/heads', 'refs/tags'),
  )
  expectClean(join(folder, 'mirror'))

  const two = alone('two')
  const { updated, problems } = await two.unbundle(file)
  expect(problems).toEqual([])
  expect(updated).toHaveLength(4)
  expect(refsAt(two.folder, 'refs/heads', 'refs/tags')).toEqual(refsAt(one.folder, 'refs/heads', 'refs/tags'))
  expect(await two.load('demo', { at: 'try' })).toEqual(await one.load('demo', { at: 'try' }))
  expect(refsAt(two.folder, 'refs/forkpoint/remote')).toEqual({})
  expectClean(two.folder)
  expect((await two.unbundle(file)).updated).toEqual([])
})

test('a store in which git cannot write, such as one of somebody else, is bundled all the same', async () => {
  const folder = tempFolder()
  const file = join(folder, 'all.bundle')
  const one = alone('one')
  await begin(one)
  const path = process.env.PATH
  writeFileSync(
    join(folder, 'git'),
    '#!/bin/sh\nPATH="${PATH#*:}"\ncase "$*" in *pack-objects*) echo "fatal: Permission denied" >&2; exit 128;; esac\nexec git "$@"\n',
    { mode: 0o755 },
  )
  process.env.PATH = `${folder}:${path}`
  try {
    await one.bundle(file)
  } finally {
    process.env.PATH = path
  }
  gitText(one.folder, ['bundle', 'verify', file])
  const two = alone('two')
  expect((await two.unbundle(file)).problems).toEqual([])
  expect(await two.load('demo')).toEqual(await one.load('demo'))
})

test('an incremental bundle has what is new, builds on the earlier one, and says so where that is missing', async () => {
  const folder = tempFolder()
  const [all, more, none] = ['all', 'more', 'none'].map((name) => join(folder, `${name}.bundle`)) as [
    string,
    string,
    string,
  ]
  const one = alone('one')
  await begin(one, 'demo', 20)
  await begin(one, 'still')
  await one.bundle(all)
  await say(one, 'new')
  await begin(one, 'fresh')
  const whole = await one.bundle(join(folder, 'whole.bundle'))
  const part = (await one.bundle(more, { since: all }))!
  expect(part.objects).toBeLessThan(whole!.objects / 2)
  expect(await one.bundle(none, { since: more })).toBeUndefined()
  expect(() => readFileSync(none)).toThrow()
  gitText(one.folder, ['bundle', 'verify', more])

  const two = alone('two')
  await expect(two.unbundle(more)).rejects.toThrow(NotFoundError)
  await expect(two.unbundle(more)).rejects.toThrow('Restore the earlier bundle first')
  expect(await two.exists('fresh')).toBe(false)
  await two.unbundle(all)
  await two.unbundle(more)
  for (const session of ['demo', 'still', 'fresh'])
    expect(await tips(two, session)).toEqual(await tips(one, session))
  expectClean(two.folder)
})

test('since a time: only checkpoints from then on', async () => {
  const folder = tempFolder()
  const one = alone('one')
  await one.save(emptySession('demo'), { at: '2025-01-01' })
  await say(one, 'old', 'demo', { at: '2025-01-02' })
  const all = join(folder, 'all.bundle')
  await one.bundle(all)
  await say(one, 'new', 'demo', { at: '2025-03-01' })
  const since = new Date('2025-02-01')
  const part = join(folder, 'part.bundle')
  expect((await one.bundle(part, { since }))!.objects).toBeLessThan(10)
  expect(await one.bundle(join(folder, 'x'), { since: new Date('2025-04-01') })).toBeUndefined()
  const two = alone('two')
  await two.unbundle(all)
  await two.unbundle(part)
  expect(await tips(two)).toEqual(await tips(one))
})

test('only the sessions that are named, and not one whose name begins alike', async () => {
  const file = join(tempFolder(), 'some.bundle')
  const one = alone('one')
  for (const id of ['demo', 'demo2', 'demo-3']) await begin(one, id)
  await one.bundle(file, { only: ['demo'] })
  expect(gitText(one.folder, ['bundle', 'list-heads', file]).replaceAll(/^[0-9a-f]+ /gm, '')).toMatch(
    /^(HEAD\n)?refs\/heads\/demo\/main$/,
  )
  await expect(one.bundle(`${file}2`, { only: ['nothing'] })).rejects.toThrow(NotFoundError)
})

test('what git bundles is taken, and newer work of the store stays', async () => {
  const folder = tempFolder()
  const one = alone('one')
  await begin(one)
  const file = join(folder, 'git.bundle')
  git(one.folder, ['bundle', 'create', file, '--all'])
  const newer = await say(one, 'newer')
  expect((await one.unbundle(file)).updated).toEqual([])
  expect(await tips(one)).toEqual({ main: newer })
  const two = alone('two')
  await two.unbundle(file)
  const ours = await say(two, 'ours')
  await one.bundle(join(folder, 'ahead.bundle'))
  const { diverged } = await two.unbundle(join(folder, 'ahead.bundle'))
  expect(diverged).toHaveLength(1)
  expect(Object.values(await tips(two)).sort()).toEqual([newer, ours].sort())
})

test('a session that was deleted since the bundle stays deleted', async () => {
  const file = join(tempFolder(), 'all.bundle')
  const one = machine('/nowhere', 'one')
  await begin(one)
  await one.bundle(file)
  await one.delete('demo')
  const { hidden } = await one.unbundle(file)
  expect(hidden).toEqual(['heads/demo/main'])
  expect(await one.exists('demo')).toBe(false)
})

test('a damaged file, a wrong one and an existing one are refused, and nothing changes', async () => {
  const folder = tempFolder()
  const file = join(folder, 'all.bundle')
  const one = alone('one')
  await begin(one)
  await one.bundle(file)
  await expect(one.bundle(file)).rejects.toThrow(AlreadyExistsError)
  await one.bundle(file, { overwrite: true })
  await expect(one.bundle(join(folder, 'no', 'folder.bundle'))).rejects.toThrow(StorageError)
  const bytes = readFileSync(file)
  const two = alone('two')
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  for (const [name, content] of [
    ['empty', ''],
    ['text', 'hello'],
    ['cut', bytes.subarray(0, bytes.length - 30)],
    ['header-cut', bytes.subarray(0, 60)],
    ['flipped', Buffer.from(bytes.map((byte, n) => (n === bytes.length - 60 ? byte ^ 1 : byte)))],
    ['long', Buffer.concat([bytes, Buffer.from('x')])],
    [
      'bad-ref',
      Buffer.from(bytes.toString('latin1').replace('refs/heads/demo/main', 'refs/heads/../../x/y'), 'latin1'),
    ],
    ['bad-id', Buffer.from(bytes.toString('latin1').replace(/\n[0-9a-f]{40} refs/, '\nxyz refs'), 'latin1')],
  ] as const)
    await expect(two.unbundle(write(name, content)), name).rejects.toThrow(CorruptError)
  await expect(two.unbundle(write('v3', '# v3 git bundle\n@filter=blob:none\n\n'))).rejects.toThrow(
    UnsupportedError,
  )
  await expect(two.unbundle(join(folder, 'missing'))).rejects.toThrow(StorageError)
  expect(await two.exists('demo')).toBe(false)
  expect((await two.unbundle(file)).updated).toEqual(['heads/demo/main'])
})

test('a store can be cloned from a bundle, and one without git makes bundles too', async () => {
  const folder = tempFolder()
  const file = join(folder, 'all.bundle')
  const one = alone('one')
  await begin(one)
  const { PATH } = process.env
  process.env.PATH = folder
  try {
    await one.bundle(file)
  } finally {
    process.env.PATH = PATH
  }
  gitText(one.folder, ['bundle', 'verify', file])
  const two = new GitSessionStore(join(folder, 'two'), { replicate: false })
  try {
    await two.addRemote('origin', file)
    await two.fetch()
    expect(await tips(two)).toEqual(await tips(one))
    await expect(two.push()).resolves.toMatchObject({ pushed: [] })
    await say(two, 'more')
    await expect(two.push()).rejects.toThrow(UnsupportedError)
  } finally {
    await two.close()
  }
})
