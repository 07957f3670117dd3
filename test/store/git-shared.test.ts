/** A repository that git made with `--shared`: the members of a group all save in it, whatever their umask. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../src/errors.ts'
import { parseConfig } from '../../src/git/config/parser.ts'
import { sharedMode, sharingOf } from '../../src/git/disk/shared-disk.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { ROOT } from '../support/build.ts'
import { emptySession, storeAt } from './support/git-store.ts'

const LIBRARY = pathToFileURL(join(ROOT, 'dist/index.js')).href

/** Runs the body as a program with a umask of its own, and as another user if one is named. */
function run(folder: string, body: string, umask: string, user?: { uid: number; gid: number }): void {
  const become =
    user && `process.setgroups([${user.gid}]); process.setgid(${user.gid}); process.setuid(${user.uid})`
  const code = `
    const { GitSessionStore, newSession, newMessage } = await import(${JSON.stringify(LIBRARY)})
    process.umask(${umask}); ${become ?? ''}
    const store = new GitSessionStore(${JSON.stringify(folder)})
    ${body}
    await store.close()`
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'pipe', cwd: '/' })
}

/** Everything in the folder with its permissions, but git's own samples. */
function modesIn(folder: string): Map<string, number> {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const ours = all.filter((name) => /^(?:refs|objects|forkpoint)(?:\/|$)/.test(name))
  return new Map(ours.map((name) => [name, lstatSync(join(folder, name)).mode]))
}

function sharedRepository(how: string): string {
  const folder = tempFolder()
  git(folder, ['init', '--quiet', '--bare', `--shared=${how}`, '.'])
  return folder
}

const SAVES = `
  await store.save(newSession('s'))
  for (let n = 0; n < 20; n++) await store.append('s', { messages: [newMessage('user', 'x'.repeat(500))] })
  await store.fork('s', { branch: 'b' }); await store.switch('s', 'b'); await store.tag('s', 't')
  await store.delete('s', { tag: 't' }); await store.maintain()`

describe.skipIf(process.platform === 'win32')('a shared repository', () => {
  test.each([
    ['group', 0o020],
    ['all', 0o024],
    ['0660', 0o020],
  ])('what is made in one that is shared with %s has these permissions', (how, bits) => {
    const folder = sharedRepository(how)
    run(folder, SAVES, '0o077')
    for (const [name, mode] of modesIn(folder)) {
      const isObject = name.startsWith('objects/') && (mode & 0o200) === 0
      expect([name, (mode | (isObject ? 0o020 : 0)) & bits], name).toEqual([name, bits])
      if (lstatSync(join(folder, name)).isDirectory()) expect(mode & 0o2010, name).toBe(0o2010)
      if (how === '0660') expect(mode & 0o007, name).toBe(0)
    }
    expect(gitText(folder, ['fsck', '--strict'])).toBe('')
  })

  test("one that is nobody else's keeps to the umask", () => {
    const folder = tempFolder()
    run(folder, SAVES, '0o077')
    for (const [name, mode] of modesIn(folder)) expect(mode & 0o077, name).toBe(0)
  })

  test.skipIf(process.getuid?.() !== 0)(
    'two users of a group save in turn, also to one session',
    async () => {
      const folder = sharedRepository('group')
      const gid = 54321
      for (const name of ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
        const path = join(folder, name)
        chownSync(path, 54001, gid)
        if (lstatSync(path).isDirectory()) chmodSync(path, 0o2770)
      }
      const [one, two] = [54001, 54002].map((uid) => ({ uid, gid }))
      run(folder, SAVES, '0o022', one)
      const more = `for (let n = 0; n < 20; n++) await store.append('s', { messages: [newMessage('user', 'y')] })`
      run(folder, more, '0o022', two)
      run(folder, more, '0o077', one)
      run(folder, `await store.save(newSession('t')); await store.delete('s')`, '0o077', two)
      run(folder, `await store.save(newSession("u")); await store.maintain({ purge: true })`, '0o022', one)
      expect((await storeAt(folder).verify()).problems).toEqual([])
    },
  )

  test('sessions saved by one who died are recovered by another of the group', {
    skip: process.getuid?.() !== 0,
  }, () => {
    const folder = sharedRepository('group')
    chownSync(folder, 54001, 54321)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      chownSync(join(folder, name), 54001, 54321)
    chmodSync(folder, 0o2770)
    const [one, two] = [54001, 54002].map((uid) => ({ uid, gid: 54321 }))
    const dies = `await store.save(newSession('s')); process.kill(process.pid, 'SIGKILL')`
    expect(() => run(folder, dies, '0o022', one)).toThrow()
    run(folder, `await store.append('s', { messages: [newMessage('user', 'y')] })`, '0o022', two)
    run(folder, `await store.append('s', { messages: [newMessage('user', 'z')] })`, '0o022', one)
    expect(gitText(folder, ['--git-dir', '.', 'log', '--format=%s', 's/main']).split('\n')).toHaveLength(3)
  })
})

describe('core.sharedRepository', () => {
  const of = (value: string) => sharingOf(parseConfig(`[core]\n\tsharedRepository${value}\n`, 'config'))
  test.each(['', ' = false', ' = umask', ' = 0', ' ='])('%j shares nothing, or what git says', (value) => {
    const shared = value === '' ? { bits: 0o660, instead: false } : undefined
    expect(of(value)).toEqual(shared)
  })
  test.each([
    [' = group', 0o660, false],
    [' = TRUE', 0o660, false],
    [' = 1', 0o660, false],
    [' = everybody', 0o664, false],
    [' = 0640', 0o640, true],
    [' = 660', 0o660, true],
  ])('%s', (value, bits, instead) => expect(of(value)).toEqual({ bits, instead }))

  test('what git does not know is refused', async () => {
    expect(() => of(' = friends')).toThrow(UnsupportedError)
    expect(() => of(' = 0077')).toThrow(UnsupportedError)
    const folder = tempFolder()
    await storeAt(folder).save(emptySession('s'))
    git(folder, ['config', 'core.sharedRepository', '0600'])
    expect((await storeAt(folder).load('s'))?.id).toBe('s')
  })

  test('modes are what git makes of them', () => {
    expect(sharedMode({ bits: 0o660, instead: false }, 0o644, false)).toBe(0o664)
    expect(sharedMode({ bits: 0o660, instead: false }, 0o444, false)).toBe(0o444)
    expect(sharedMode({ bits: 0o660, instead: false }, 0o2755, true)).toBe(0o2775)
    expect(sharedMode({ bits: 0o640, instead: true }, 0o644, false)).toBe(0o640)
    expect(sharedMode({ bits: 0o640, instead: true }, 0o755, true)).toBe(0o2750)
  })
})

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('git-shared.test.ts: not root, so saves of two users are not tried.')
