/** Git servers in folders, by the native git; C git makes and judges them. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { RemoteError, UnsupportedError } from '../../src/errors.ts'
import { Repository } from '../../src/git/repository.ts'
import { remoteError } from '../../src/git/wire/native/error.ts'
import { locationOf } from '../../src/git/wire/native/location.ts'
import { NativeRemote } from '../../src/git/wire/native/remote.ts'
import type { ObjectId } from '../../src/ids.ts'
import { bareRepository, git, gitText, tempFolder } from './real-git.ts'

const opened: Repository[] = []
afterEach(async () => {
  for (const repository of opened.splice(0)) await repository.close()
})

const MAIN = 'refs/heads/demo/main'

async function store(): Promise<Repository> {
  const repository = new Repository(join(tempFolder(), 'store'))
  opened.push(repository)
  await repository.change({ refs: [], prepare: () => ({ objects: [], moves: new Map(), result: 0 }) })
  return repository
}

const remoteAt = (repository: Repository, folder: string): NativeRemote =>
  new NativeRemote(repository, locationOf(folder))

/** A commit by C git, on top of others. */
function commit(folder: string, text: string, ...parents: string[]): ObjectId {
  const blob = gitText(folder, ['hash-object', '-w', '--stdin'], text)
  const tree = gitText(folder, ['mktree'], `100644 blob ${blob}\tfile\n`)
  const args = parents.flatMap((parent) => ['-p', parent])
  return gitText(folder, ['commit-tree', tree, '-m', text, ...args]) as ObjectId
}

describe('a server in a folder', () => {
  test('is fetched from: the objects are there, whole, and no ref moves', async () => {
    const server = bareRepository()
    const first = commit(server, 'one')
    const tip = commit(server, 'two', first)
    git(server, ['update-ref', MAIN, tip])
    const here = await store()
    const remote = remoteAt(here, server)
    const { refs, head } = await remote.refs(['refs/heads/'])
    expect([...refs]).toEqual([[MAIN, tip]])
    expect(head === undefined || head === 'refs/heads/main').toBe(true)
    const fetched = await remote.fetch({ wants: [tip], haves: [] })
    expect(await here.objects.has(first)).toBe(true)
    expect(here.refs.list('refs/').size).toBe(0)
    git(here.paths.root, ['gc', '--prune=now', '--quiet'])
    expect(gitText(here.paths.root, ['rev-list', '--count', tip])).toBe('2')
    fetched.release()
    fetched.release()
    expect(readdirSync(here.paths.packs).filter((name) => name.endsWith('.keep'))).toEqual([])
    expect(readdirSync(here.paths.temporaries)).toEqual([])
    expect(existsSync(join(here.paths.root, 'FETCH_HEAD'))).toBe(false)
  })

  test('is pushed to: only from the value it had, and all or none with atomic', async () => {
    const server = bareRepository()
    const here = await store()
    const remote = remoteAt(here, server)
    const first = commit(here.paths.root, 'one')
    const second = commit(here.paths.root, 'two', first)
    const push = (moves: Parameters<typeof remote.push>[0]['moves']) =>
      remote.push({ moves, has: [], atomic: true })
    expect(await push([{ ref: MAIN, from: undefined, to: first }])).toEqual([
      { ref: MAIN, refused: undefined },
    ])
    const stale = await push([
      { ref: MAIN, from: second, to: second },
      { ref: 'refs/tags/demo/v1', from: undefined, to: second },
    ])
    expect(stale.map(({ refused }) => refused !== undefined)).toEqual([true, true])
    expect(gitText(server, ['for-each-ref', '--format=%(refname) %(objectname)'])).toBe(`${MAIN} ${first}`)
    expect((await push([{ ref: MAIN, from: first, to: second }]))[0]?.refused).toBeUndefined()
    expect((await push([{ ref: MAIN, from: undefined, to: first }]))[0]?.refused).toBeDefined()
    expect((await push([{ ref: MAIN, from: second, to: undefined }]))[0]?.refused).toBeUndefined()
    expect(gitText(server, ['for-each-ref'])).toBe('')
    git(server, ['fsck', '--strict'])
  })

  test('runs no hook and nothing that its configuration names', async () => {
    const server = bareRepository()
    const trace = join(tempFolder(), 'ran')
    writeFileSync(join(server, 'hooks/pre-receive'), `#!/bin/sh\ntouch ${trace}\n`, { mode: 0o755 })
    const here = await store()
    const remote = remoteAt(here, server)
    const first = commit(here.paths.root, 'one')
    const moves = [{ ref: MAIN, from: undefined, to: first }]
    expect((await remote.push({ moves, has: [], atomic: false }))[0]?.refused).toBeUndefined()
    git(server, ['config', 'core.alternateRefsCommand', `touch ${trace}`])
    await expect(remote.refs([''])).rejects.toThrow(RemoteError)
    expect(existsSync(trace)).toBe(false)
  })

  test('that holds a broken object gets an error, and nothing is placed', async () => {
    const server = bareRepository()
    const tree = gitText(server, ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], 'nonsense')
    const tip = gitText(
      server,
      ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'],
      `tree ${tree}\n\nx`,
    )
    writeFileSync(join(server, 'refs/heads/x'), `${tip}\n`)
    const here = await store()
    await expect(remoteAt(here, server).fetch({ wants: [tip as ObjectId], haves: [] })).rejects.toThrow(
      RemoteError,
    )
    expect(readdirSync(here.paths.packs)).toEqual([])
    expect(readdirSync(here.paths.temporaries)).toEqual([])
  })

  test('is fetched from as deep as is wanted, and deeper later; what is cut off is noted after the objects are there', async () => {
    const server = bareRepository()
    const ids: ObjectId[] = []
    for (let n = 0; n < 4; n++) ids.push(commit(server, `${n}`, ...ids.slice(-1)))
    git(server, ['update-ref', MAIN, ids[3]!])
    const here = await store()
    const { root } = here.paths
    const remote = remoteAt(here, server)
    const fetched = await remote.fetch({ wants: [ids[3]!], haves: [], depth: 2 })
    git(root, ['update-ref', MAIN, ids[3]!])
    fetched.release()
    expect(readFileSync(join(root, 'shallow'), 'latin1')).toBe(`${ids[2]}\n`)
    git(root, ['fsck', '--strict'])
    // A fetch that fails leaves it as it is.
    const packs = readdirSync(here.paths.packs)
    await expect(
      remote.fetch({ wants: ['a'.repeat(40) as ObjectId], haves: [ids[3]!], depth: 3 }),
    ).rejects.toThrow(RemoteError)
    expect(readFileSync(join(root, 'shallow'), 'latin1')).toBe(`${ids[2]}\n`)
    expect(readdirSync(here.paths.packs)).toEqual(packs)
    const deeper = await remote.fetch({ wants: [ids[3]!], haves: [ids[3]!], depth: 0x7fffffff })
    deeper.release()
    expect(existsSync(join(root, 'shallow'))).toBe(false)
    expect(gitText(root, ['rev-list', '--count', MAIN])).toBe('4')
    git(root, ['fsck', '--strict'])
    expect(readdirSync(here.paths.temporaries)).toEqual([])
  })

  test('that is not there is an error that says so', async () => {
    const here = await store()
    await expect(remoteAt(here, join(tempFolder(), 'nowhere')).refs([''])).rejects.toThrow(
      /no git repository/,
    )
  })
})

test.each([
  ['https://host/a.git', 'http'],
  ['ssh://git@host/a.git', 'ssh'],
  ['git@host:a.git', 'ssh'],
  ['file:///srv/a.git', 'folder'],
  ['../a.git', 'folder'],
  ['/srv/a:b.git', 'folder'],
])('%s is a server by %s', (address, kind) => {
  expect(locationOf(address).kind).toBe(kind)
})

test.each(['', '--upload-pack=x', 'ext::sh -c x', 'git://host/a', 'ssh://-oProxyCommand=x/a', '-o@host:a'])(
  '%j is refused as an address',
  (address) => {
    expect(() => locationOf(address)).toThrow(UnsupportedError)
  },
)

test('a password is not shown', () => {
  const { message } = remoteError('https://ann:secret@host/a.git', 'no')
  expect(message).not.toContain('secret')
})
