/** Other clients and other servers: what one has written, the other reads. */
import { execFile } from 'node:child_process'
import fs, { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import isomorphic from 'isomorphic-git'
import http from 'isomorphic-git/http/node'
import { describe, expect, it } from 'vitest'
import { Repository } from '../../src/git/repository.ts'
import { gitCredential } from '../../src/git/wire/git-credential.ts'
import { HttpRemote } from '../../src/git/wire/http-remote.ts'
import type { ObjectId } from '../../src/ids.ts'
import { makeServed } from '../support/git-server.ts'
import { hasNginx, startNginx } from '../support/nginx.ts'
import { git, gitText, tempFolder } from './real-git.ts'
import { MAIN, newRepository, point, remoteOf, running, save, scene } from './support/wire.ts'

/** The server is in this process: it has to be able to answer. */
const gitAside = (cwd: string, args: readonly string[]): Promise<unknown> =>
  promisify(execFile)('git', args, {
    cwd,
    timeout: 30_000,
    env: { ...process.env, GIT_CONFIG_NOSYSTEM: '1' },
  })

const AUTHOR = { name: 'Ann', email: 'ann@example.com' }

describe('git', () => {
  it('clones what was pushed, and what it pushes is fetched', async () => {
    const { remote, repository, server } = await scene()
    const tip = await save(repository, 'ours', MAIN, 3000)
    await remote.push({ moves: [{ ref: MAIN, from: undefined, to: tip }], has: [], atomic: true })
    const clone = join(tempFolder(), 'clone')
    await gitAside(tempFolder(), ['clone', '--quiet', '--branch', 's/main', `${server.url}/demo.git`, clone])
    writeFileSync(join(clone, 'theirs'), 'theirs')
    git(clone, ['add', '.'])
    git(clone, ['commit', '--quiet', '-m', 'theirs'])
    git(clone, ['tag', '-a', '-m', 'a tag', 'marked'])
    await gitAside(clone, ['push', '--quiet', 'origin', 's/main', 'marked'])
    const { refs } = await remote.refs(['refs/heads/s/', 'refs/tags/'])
    const { release } = await remote.fetch({ wants: [...refs.values()], haves: [tip] })
    await point(repository, MAIN, refs.get(MAIN)!)
    await point(repository, 'refs/tags/marked', refs.get('refs/tags/marked')!)
    release()
    const { folder } = repository
    git(folder.paths.root, ['fsck', '--strict', '--full'])
    expect(gitText(folder.paths.root, ['show', `${MAIN}:theirs`])).toBe('theirs')
    // A tag goes out again with what it names.
    const other = await scene()
    const again = remoteOf(other.server, repository)
    const to = refs.get('refs/tags/marked')!
    await again.push({ moves: [{ ref: 'refs/tags/marked', from: undefined, to }], has: [], atomic: true })
    git(other.served, ['fsck', '--strict', '--full'])
  })
})

describe('isomorphic-git', () => {
  it('fetches what was pushed, and what it pushes is fetched', async () => {
    const { remote, repository, server } = await scene()
    const tip = await save(repository, 'ours', 'refs/heads/main', 3000)
    await remote.push({
      moves: [{ ref: 'refs/heads/main', from: undefined, to: tip }],
      has: [],
      atomic: true,
    })
    const dir = join(tempFolder(), 'clone')
    await isomorphic.clone({ fs, http, dir, url: `${server.url}/demo.git` })
    expect(await isomorphic.resolveRef({ fs, dir, ref: 'HEAD' })).toBe(tip)
    writeFileSync(join(dir, 'theirs'), 'theirs')
    await isomorphic.add({ fs, dir, filepath: 'theirs' })
    const theirs = (await isomorphic.commit({ fs, dir, message: 'theirs', author: AUTHOR })) as ObjectId
    await isomorphic.push({ fs, http, dir, remote: 'origin', ref: 'main' })
    expect((await remote.refs(['refs/'])).refs).toEqual(new Map([['refs/heads/main', theirs]]))
    await remote.fetch({ wants: [theirs], haves: [tip] })
    await point(repository, 'refs/heads/main', theirs)
    git(repository.paths.root, ['fsck', '--strict', '--full'])
  })
})

describe('git credential', () => {
  it('gives what the user has stored, and is told what is wrong', async () => {
    const asked: (string | undefined)[] = []
    const right = `Basic ${Buffer.from('ann:right').toString('base64')}`
    const { server, repository } = await scene({
      user: (authorization) => {
        asked.push(authorization)
        return authorization === right ? 'ann' : undefined
      },
    })
    const home = tempFolder()
    const stored = join(home, '.git-credentials')
    const { host } = new URL(server.url)
    writeFileSync(join(home, '.gitconfig'), `[credential]\n\thelper = store\n`)
    writeFileSync(stored, `http://ann:wrong@${host}\nhttp://ann:right@elsewhere\n`)
    const { HOME } = process.env
    process.env.HOME = home
    try {
      const remote = (): HttpRemote => remoteOf(server, repository, { gitCredential: gitCredential() })
      await expect(remote().refs(['refs/'])).rejects.toMatchObject({ failure: 'denied' })
      expect(fs.readFileSync(stored, 'utf8')).toBe('http://ann:right@elsewhere\n')
      writeFileSync(stored, `http://ann:right@${host}\n`)
      await remote().refs(['refs/'])
      expect(fs.readFileSync(stored, 'utf8').replace('%3a', ':')).toBe(`http://ann:right@${host}\n`)
    } finally {
      process.env.HOME = HOME
    }
    expect(asked[0]).toBeUndefined()
  })
})

describe.skipIf(!hasNginx)('nginx and fcgiwrap, with TLS and basic auth,', () => {
  it('serve what this page of the docs says', async () => {
    const root = tempFolder()
    const served = makeServed(root)
    const nginx = await startNginx(root, tempFolder())
    running.push(nginx)
    const { repository } = newRepository()
    const auth = { username: nginx.username, password: nginx.password }
    const url = `${nginx.url}/demo.git`
    await expect(new HttpRemote(repository, url, { auth, retries: 0 }).refs(['refs/'])).rejects.toMatchObject(
      {
        failure: 'unreachable',
        message: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
      },
    )
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env
    // As NODE_EXTRA_CA_CERTS would, which Node reads when it starts.
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const remote = new HttpRemote(repository, url, { auth })
      await expect(new HttpRemote(repository, url).refs(['refs/'])).rejects.toMatchObject({
        failure: 'denied',
        message: expect.stringContaining("the option 'auth'"),
      })
      const tip = await save(repository, 'large', MAIN, 20_000_000)
      await remote.push({ moves: [{ ref: MAIN, from: undefined, to: tip }], has: [], atomic: true })
      git(served, ['fsck', '--strict', '--full'])
      const folder = join(tempFolder(), 'store')
      const other = new Repository(folder)
      running.push(other)
      await new HttpRemote(other, url, { auth }).fetch({ wants: [tip], haves: [] })
      await point(other, MAIN, tip)
      git(folder, ['fsck', '--strict', '--full'])
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })
})
