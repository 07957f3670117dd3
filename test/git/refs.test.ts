import fs from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { CorruptError, LockedError } from '../../src/errors.ts'
import { nodeFileSystem } from '../../src/git/disk/file-system.ts'
import { Locks } from '../../src/git/disk/locks.ts'
import { ownerFolders } from '../../src/git/disk/presence.ts'
import { Temporaries } from '../../src/git/disk/temporaries.ts'
import { parseRefFile, Refs } from '../../src/git/refs/refs.ts'
import { removeRefs } from '../../src/git/refs/removal.ts'
import { type ObjectId, trustedId } from '../../src/ids.ts'
import { bareRepository, git, gitText } from './real-git.ts'
import { Life } from './support/life.ts'

const MAIN = 'refs/heads/s/main'
const TRY = 'refs/heads/s/try'
const TAG = 'refs/tags/s/v1'

let store: string
let refs: Refs
let locks: Locks
let one: ObjectId
let two: ObjectId

beforeEach(() => {
  store = bareRepository()
  const { identity } = new Life()
  const owner = identity.newOwner()
  const temporaries = new Temporaries(nodeFileSystem, join(store, 'forkpoint/tmp'), owner.id)
  refs = new Refs(nodeFileSystem, store, temporaries)
  locks = new Locks(nodeFileSystem, ownerFolders(join(store, 'forkpoint/journals')), owner, identity)
  const tree = gitText(store, ['mktree'], '')
  one = trustedId(gitText(store, ['commit-tree', '-m', 'one', tree]))
  two = trustedId(gitText(store, ['commit-tree', '-m', 'two', '-p', one, tree]))
})

const shown = (): string => gitText(store, ['for-each-ref', '--format=%(refname) %(objectname)'])

describe('refs', () => {
  it('are what git reads, loose, symbolic and packed, and the other way round', () => {
    refs.write(MAIN, { id: one })
    refs.write('refs/forkpoint/active/s', { symbolic: MAIN })
    expect(gitText(store, ['rev-parse', MAIN, 'refs/forkpoint/active/s'])).toBe(`${one}\n${one}`)
    git(store, ['update-ref', TRY, two])
    git(store, ['tag', '-a', '-m', 'tag', 's/v1', two])
    git(store, ['symbolic-ref', 'HEAD', TRY])
    const before = shown()
    git(store, ['pack-refs', '--all', '--prune'])
    expect(fs.existsSync(join(store, MAIN))).toBe(false)
    expect(refs.read(MAIN)).toBe(one)
    expect(refs.read('HEAD')).toBe(two)
    expect(refs.read('refs/forkpoint/active/s')).toBe(one)
    expect(refs.readValue('refs/forkpoint/active/s')).toEqual({ symbolic: MAIN })
    expect(refs.read(TAG)).toBe(gitText(store, ['rev-parse', TAG]))
    expect([...refs.list('refs/')].map(([ref, id]) => `${ref} ${id}`).join('\n')).toBe(before)
    expect([...refs.list('refs/heads/').keys()]).toEqual([MAIN, TRY])

    // A loose one hides the packed one of the same name.
    refs.write(MAIN, { id: two })
    expect(refs.read(MAIN)).toBe(two)
    git(store, ['pack-refs', '--all'])
    expect(refs.read(MAIN)).toBe(two)
  })

  it('that do not exist are undefined, and so are those behind a name that is a ref', () => {
    refs.write(MAIN, { id: one })
    for (const ref of ['refs/heads/none/main', `${MAIN}/deeper`, 'refs/none'] as const) {
      expect(refs.read(ref)).toBeUndefined()
    }
  })

  it('of which the file is empty, garbage, a folder or a symbolic link are errors that name the file', () => {
    const path = join(store, MAIN)
    fs.mkdirSync(join(store, 'refs/heads/s'), { recursive: true })
    for (const content of [
      '',
      '\n',
      'x'.repeat(40),
      one.slice(0, 39),
      `${one} x`,
      'ref: ../../x',
      'ref: refs/../x',
    ]) {
      fs.writeFileSync(path, content)
      expect(() => refs.read(MAIN), JSON.stringify(content)).toThrow(CorruptError)
    }
    fs.rmSync(path)
    fs.symlinkSync('/etc/hostname', path)
    expect(() => refs.read(MAIN)).toThrow(/symbolic link/)
    fs.rmSync(path)
    fs.mkdirSync(path)
    expect(() => refs.read(MAIN)).toThrow(CorruptError)
    expect(() => refs.write(MAIN, { id: one })).toThrow(CorruptError)
  })

  it('are never written through a folder that is a symbolic link', () => {
    const outside = bareRepository()
    fs.symlinkSync(outside, join(store, 'refs/heads/s'))
    expect(() => refs.write(MAIN, { id: one })).toThrow(CorruptError)
    expect(() => refs.list('refs/heads/')).not.toThrow()
    expect(fs.existsSync(join(outside, 'main'))).toBe(false)
  })

  it('that lead round in a circle are an error', () => {
    refs.write('refs/forkpoint/active/a', { symbolic: 'refs/forkpoint/active/b' })
    refs.write('refs/forkpoint/active/b', { symbolic: 'refs/forkpoint/active/a' })
    expect(() => refs.read('refs/forkpoint/active/a')).toThrow(/refers to itself/)
  })

  it('come back when git has removed their folder', () => {
    refs.write(MAIN, { id: one })
    git(store, ['pack-refs', '--all'])
    fs.rmSync(join(store, 'refs/heads/s'), { recursive: true, force: true })
    refs.write(MAIN, { id: two }, one)
    expect(gitText(store, ['rev-parse', MAIN])).toBe(two)
  })

  it('written many times leave no file behind, and each is read whole by git', () => {
    const tree = gitText(store, ['mktree'], '')
    let last = one
    refs.write(MAIN, { id: last })
    for (let n = 0; n < 8; n++) {
      const next = trustedId(gitText(store, ['commit-tree', '-m', `${n}`, '-p', last, tree]))
      refs.write(MAIN, { id: next }, last)
      last = next
      expect(gitText(store, ['rev-parse', MAIN])).toBe(last)
    }
    refs.close()
    expect(fs.readdirSync(join(store, 'forkpoint/tmp'))).toEqual([])
    expect(fs.statSync(join(store, MAIN)).nlink).toBe(1)
  })

  it('of a backup made with hard links stay as they are', () => {
    const tree = gitText(store, ['mktree'], '')
    const backup = join(store, 'backup')
    let last = one
    refs.write(MAIN, { id: last })
    for (let n = 0; n < 8; n++) {
      const next = trustedId(gitText(store, ['commit-tree', '-m', `${n}`, '-p', last, tree]))
      refs.write(MAIN, { id: next }, last)
      last = next
      fs.linkSync(join(store, MAIN), `${backup}-${last}`)
    }
    for (const name of fs.readdirSync(store).filter((entry) => entry.startsWith('backup-')))
      expect(fs.readFileSync(join(store, name), 'utf8')).toBe(`${name.slice('backup-'.length)}\n`)
  })
})

describe('removing refs', () => {
  const wait = (lockTimeout = 500) => ({ locks, lockTimeout })

  it('removes loose and packed ones, and leaves the rest of packed-refs byte for byte', async () => {
    git(store, ['update-ref', MAIN, one])
    git(store, ['update-ref', TRY, one])
    git(store, ['tag', '-a', '-m', 'tag', 's/v1', two])
    git(store, ['tag', '-a', '-m', 'tag', 's/v2', one])
    git(store, ['pack-refs', '--all'])
    git(store, ['update-ref', TRY, two])
    const before = fs.readFileSync(join(store, 'packed-refs'), 'utf8')
    await removeRefs(refs, wait(), [MAIN, TAG])
    expect(shown()).toBe(`${TRY} ${two}\nrefs/tags/s/v2 ${gitText(store, ['rev-parse', 'refs/tags/s/v2'])}`)
    const gone = before
      .split('\n')
      .filter((text, n, all) => !(text.endsWith(MAIN) || text.endsWith(TAG) || all[n - 1]?.endsWith(TAG)))
    expect(fs.readFileSync(join(store, 'packed-refs'), 'utf8')).toBe(gone.join('\n'))
    git(store, ['fsck', '--strict'])
  })

  it('waits for git, which locks packed-refs, and gives up in time', async () => {
    git(store, ['update-ref', MAIN, one])
    git(store, ['pack-refs', '--all'])
    const lock = join(store, 'packed-refs.lock')
    fs.writeFileSync(lock, '')
    await expect(removeRefs(refs, wait(50), [MAIN])).rejects.toBeInstanceOf(LockedError)
    expect(refs.read(MAIN)).toBe(one)
    setTimeout(() => fs.rmSync(lock), 40)
    await removeRefs(refs, wait(), [MAIN])
    expect(refs.read(MAIN)).toBeUndefined()
    expect(fs.existsSync(lock)).toBe(false)
  })
})

it.each(['refs/heads/../../outside', 'refs/heads//x', 'objects/x', 'refs/heads/.x'])(
  'packed-refs that name %s are an error',
  (name) => {
    fs.writeFileSync(join(store, 'packed-refs'), `${one} ${name}\n`)
    expect(() => refs.list('refs/')).toThrow(`has a line that is not a ref: "${one} ${name}"`)
  },
)

it('packed-refs that git did not write is an error that shows the line', () => {
  fs.writeFileSync(join(store, 'packed-refs'), `# pack-refs with: peeled\n${one} ${MAIN}\nrubbish\n`)
  expect(() => refs.read(TRY)).toThrow(/rubbish/)
})

it('a ref file is an id, or the name of a ref, and nothing else', () => {
  const id = 'a'.repeat(40)
  expect(parseRefFile(`${id}\n`)).toEqual({ id })
  expect(parseRefFile(id)).toEqual({ id })
  expect(parseRefFile(`ref: ${MAIN}\n`)).toEqual({ symbolic: MAIN })
  for (const bad of [
    '',
    id.toUpperCase(),
    `${id}a`,
    'ref: HEAD',
    'ref: refs//x',
    'ref: refs/./x',
    'ref: /etc/x',
  ])
    expect(parseRefFile(bad), bad).toBeUndefined()
})

it.each([
  ['well', (lines: string[]) => lines],
  ['not', (lines: string[]) => lines.reverse()],
])('packed refs that are %s sorted are listed by name, with loose ones in their places', (_, order) => {
  const ref = (name: string) => `refs/heads/${name}/main` as const
  const packed = ['a', 'a-b', 'c', 'e'].map((name) => `${one} ${ref(name)}`)
  fs.writeFileSync(join(store, 'packed-refs'), `${order(packed.sort()).join('\n')}\n`)
  for (const name of ['f', 'b', 'c', 'a_']) refs.write(ref(name), { id: two })
  const listed = [...refs.list('refs/heads/')]
  expect(listed.map(([name]) => name)).toEqual(listed.map(([name]) => name).sort())
  expect(Object.fromEntries(listed)).toEqual({
    ...Object.fromEntries(['a', 'a-b', 'e'].map((name) => [ref(name), one])),
    ...Object.fromEntries(['f', 'b', 'c', 'a_'].map((name) => [ref(name), two])),
  })
})
