/** The HTTP client of git against the real server of git. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HttpRemote } from '../../src/git/wire/http-remote.ts'
import type { ObjectId } from '../../src/ids.ts'
import { git, gitText, tempFolder } from './real-git.ts'
import { commitOf } from './support/commits.ts'
import { MAIN, newRepository, point, remoteOf, save, scene } from './support/wire.ts'

describe('refs', () => {
  it('are those below the prefixes, with what HEAD points at', async () => {
    const { remote, repository, server } = await scene()
    expect(await remote.refs(['refs/'])).toEqual({ refs: new Map(), head: 'refs/heads/main' })
    const [a, b] = [await save(repository, 'a'), await save(repository, 'b', 'refs/heads/t/main')]
    const moves = [
      { ref: MAIN, from: undefined, to: a },
      { ref: 'refs/heads/t/main', from: undefined, to: b },
    ]
    expect(await remote.push({ moves, has: [], atomic: true })).toEqual([
      { ref: MAIN, refused: undefined },
      { ref: 'refs/heads/t/main', refused: undefined },
    ])
    expect((await remote.refs(['refs/heads/s/'])).refs).toEqual(new Map([[MAIN, a]]))
    expect((await remote.refs(['refs/heads/t/main', MAIN])).refs.size).toBe(2)
    expect(new Set(server.requests)).toEqual(
      new Set(['POST /demo.git/git-upload-pack', 'POST /demo.git/git-receive-pack']),
    )
  })
})

describe('a push', () => {
  it('brings what the server lacks in one request, and git finds nothing wrong with it', async () => {
    const { remote, repository, served, server } = await scene()
    const first = await save(repository, 'one')
    await remote.push({ moves: [{ ref: MAIN, from: undefined, to: first }], has: [], atomic: true })
    const second = await save(repository, 'two')
    await save(repository, 'elsewhere', 'refs/heads/other/main')
    await remote.push({ moves: [{ ref: MAIN, from: first, to: second }], has: [first], atomic: true })
    expect(server.requests).toHaveLength(2)
    expect(gitText(served, ['rev-parse', MAIN])).toBe(second)
    git(served, ['fsck', '--strict', '--full'])
    expect(gitText(served, ['rev-list', '--objects', '--all']).split('\n')).toHaveLength(6)
    const packed = readdirSync(join(served, 'objects/pack')).filter((name) => name.endsWith('.pack'))
    expect(packed).toHaveLength(2)
  })

  it('from an old value is refused, and so is all of it if it is atomic', async () => {
    const { remote, repository, served } = await scene()
    const [a, b] = [await save(repository, 'a'), await save(repository, 'b')]
    await remote.push({ moves: [{ ref: MAIN, from: undefined, to: b }], has: [], atomic: true })
    const moves = [
      { ref: MAIN, from: a, to: b },
      { ref: 'refs/heads/t/main', from: undefined, to: a },
    ]
    const both = await remote.push({ moves, has: [b], atomic: true })
    expect(both.map(({ refused }) => refused !== undefined)).toEqual([true, true])
    expect(gitText(served, ['for-each-ref', '--format=%(refname)'])).toBe(MAIN)
    const one = await remote.push({ moves, has: [b], atomic: false })
    expect(one.map(({ refused }) => refused !== undefined)).toEqual([true, false])
  })

  it('deletes', async () => {
    const { remote, repository, served } = await scene()
    const a = await save(repository, 'a')
    await remote.push({ moves: [{ ref: MAIN, from: undefined, to: a }], has: [], atomic: true })
    const gone = await remote.push({ moves: [{ ref: MAIN, from: a, to: undefined }], has: [], atomic: true })
    expect(gone).toEqual([{ ref: MAIN, refused: undefined }])
    expect(gitText(served, ['for-each-ref'])).toBe('')
  })

  it('of much is sent as a stream', async () => {
    const { remote, repository, served } = await scene()
    const id = await repository.change({
      refs: [MAIN],
      prepare: () => {
        const made = Array.from({ length: 5 }, (_, n) => commitOf(`${n}`, undefined, 5_000_000))
        const objects = made.flatMap((one) => one.objects)
        return { objects, moves: new Map([[MAIN, made[0]!.id]]), result: made.map((one) => one.id) }
      },
    })
    for (const [n, one] of id.entries()) await point(repository, `refs/heads/s${n}/main`, one)
    const moves = id.map((to, n) => ({ ref: `refs/heads/s${n}/main`, from: undefined, to }))
    expect(
      (await remote.push({ moves, has: [], atomic: true })).every(({ refused }) => refused === undefined),
    ).toBe(true)
    git(served, ['fsck', '--strict', '--full'])
  })
})

describe('a fetch', () => {
  it('brings what is wanted, durable, checked and safe from gc until it is released', async () => {
    const { remote, repository, served, server } = await scene()
    const id = await save(repository, 'one', MAIN, 3000)
    const tip = await save(repository, 'two', MAIN, 3000)
    await remote.push({ moves: [{ ref: MAIN, from: undefined, to: tip }], has: [], atomic: true })
    git(served, ['gc', '--quiet'])
    const { repository: other, folder } = newRepository()
    const second = remoteOf(server, other)
    const fetched = await second.fetch({ wants: [tip], haves: [] })
    git(folder, ['gc', '--prune=now', '--quiet'])
    await point(other, MAIN, tip)
    expect(readdirSync(join(folder, 'objects/pack')).filter((name) => name.endsWith('.keep'))).toHaveLength(1)
    fetched.release()
    fetched.release()
    expect(readdirSync(join(folder, 'objects/pack')).filter((name) => name.endsWith('.keep'))).toEqual([])
    git(folder, ['fsck', '--strict', '--full'])
    expect(gitText(folder, ['rev-list', MAIN]).split('\n')).toEqual([tip, id])
  })

  it('makes the index that git makes', async () => {
    const { remote, repository, served, server } = await scene()
    // Texts of one length have the same noise.
    let tip = await save(repository, '10', MAIN, 20_000)
    for (let n = 11; n < 50; n++) tip = await save(repository, `${n}`, MAIN, 20_000)
    await remote.push({ moves: [{ ref: MAIN, from: undefined, to: tip }], has: [], atomic: true })
    git(served, ['repack', '-adfq', '--depth=50', '--window=50'])
    const { repository: other, folder } = newRepository()
    await remoteOf(server, other).fetch({ wants: [tip], haves: [] })
    const name = readdirSync(join(folder, 'objects/pack')).find((file) => file.endsWith('.pack'))!
    const ours = readFileSync(join(folder, 'objects/pack', name.replace('.pack', '.idx')))
    const theirs = join(tempFolder(), 'theirs.idx')
    git(folder, ['index-pack', '-o', theirs, join('objects/pack', name)])
    expect(ours.equals(readFileSync(theirs))).toBe(true)
    const deltas = gitText(folder, ['verify-pack', '-v', join('objects/pack', name)])
    expect(deltas).toContain('chain length = ')
  })

  it('brings only what is new', async () => {
    const { remote, repository, server } = await scene()
    const one = await save(repository, 'one')
    await remote.push({ moves: [{ ref: MAIN, from: undefined, to: one }], has: [], atomic: true })
    const { repository: other, folder } = newRepository()
    const second = remoteOf(server, other)
    await second.fetch({ wants: [one], haves: [] })
    await point(other, MAIN, one)
    const two = await save(repository, 'two')
    await remote.push({ moves: [{ ref: MAIN, from: one, to: two }], has: [one], atomic: true })
    await second.fetch({ wants: [two], haves: [one] })
    const sizes = readdirSync(join(folder, 'objects/pack')).filter((name) => name.endsWith('.idx'))
    const counts = sizes.map(
      (name) =>
        gitText(folder, ['show-index'], readFileSync(join(folder, 'objects/pack', name))).split('\n').length,
    )
    expect(counts).toEqual([3, 3])
    // All of it is there.
    const again = await second.fetch({ wants: [two], haves: [two] })
    again.release()
  })

  it('of a depth is cut off, goes on, and is deepened', async () => {
    const { remote, repository, server, served } = await scene()
    const ids: ObjectId[] = []
    for (let n = 0; n < 4; n++) ids.push(await save(repository, `${n}`))
    await remote.push({ moves: [{ ref: MAIN, from: undefined, to: ids[3]! }], has: [], atomic: true })
    const { repository: other, folder } = newRepository()
    const second = remoteOf(server, other)
    await second.fetch({ wants: [ids[3]!], haves: [], depth: 2 })
    await point(other, MAIN, ids[3]!)
    git(folder, ['fsck', '--strict', '--full'])
    expect(gitText(folder, ['rev-list', MAIN]).split('\n')).toEqual([ids[3], ids[2]])
    expect(readFileSync(join(folder, 'shallow'), 'latin1')).toBe(`${ids[2]}\n`)
    const next = await save(other, 'next')
    expect(
      await second.push({ moves: [{ ref: MAIN, from: ids[3], to: next }], has: [ids[3]!], atomic: true }),
    ).toEqual([{ ref: MAIN, refused: undefined }])
    git(served, ['fsck', '--strict', '--full'])
    await second.fetch({ wants: [next], haves: [next], depth: 0x7fffffff })
    expect(readdirSync(folder)).not.toContain('shallow')
    git(folder, ['fsck', '--strict', '--full'])
    expect(gitText(folder, ['rev-list', MAIN]).split('\n')).toHaveLength(5)
  })

  it('of what the server does not have is refused in its words', async () => {
    const { remote } = await scene()
    await expect(remote.fetch({ wants: ['a'.repeat(40) as ObjectId], haves: [] })).rejects.toMatchObject({
      code: 'REMOTE',
      failure: 'refused',
      said: expect.stringContaining('not our ref'),
    })
  })
})

describe('credentials', () => {
  it('are asked for once by requests that are made at the same time, and again when they are refused', async () => {
    let valid = 'first'
    const { repository, server } = await scene({
      user: (authorization) => (authorization === `Bearer ${valid}` ? 'ann' : undefined),
    })
    const asked: unknown[] = []
    const remote = remoteOf(server, repository, {
      auth: async ({ refused }) => {
        asked.push(refused)
        await new Promise((resolve) => setImmediate(resolve))
        return { token: refused === undefined ? 'first' : 'second' }
      },
    })
    const many = () => Promise.all(Array.from({ length: 8 }, () => remote.refs(['refs/'])))
    await many()
    expect(asked).toEqual([undefined])
    valid = 'second'
    await many()
    expect(asked).toEqual([undefined, { token: 'first' }])
  })
})

describe('a server', () => {
  it('that is not there, has no such repository, or speaks another version is told from the others', async () => {
    const { remote, server, repository } = await scene()
    const elsewhere = new HttpRemote(repository, `${server.url}/other.git`)
    await expect(elsewhere.refs(['refs/'])).rejects.toMatchObject({ failure: 'missing', status: 404 })
    await server.close()
    await expect(remote.refs(['refs/'])).rejects.toMatchObject({
      failure: 'unreachable',
      url: `${server.url}/demo.git`,
    })
    const old = await scene({ forgetsVersion: true })
    await expect(old.remote.refs(['refs/'])).rejects.toMatchObject({ failure: 'invalid' })
    await expect(old.remote.refs(['refs/'])).rejects.toThrow(/Git-Protocol/)
  })
})
