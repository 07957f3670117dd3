import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { GitSessionStore, newMessage, newSession } from '../../src/index.ts'
import { bareRepository, gitText } from '../git/real-git.ts'
import { sample, seeded } from '../redaction/sample.ts'
import { forkpointHere, workFolder } from './command-line.ts'

const cwd = await workFolder()
const run = (...args: string[]) => forkpointHere(args, { cwd })
const at = (store: string, ...args: string[]) =>
  forkpointHere([...args, '--store', join(cwd, store)], { cwd })
const server = bareRepository()
const token = sample('ghp_{w36}', seeded(5))

describe('sharing on the command line', () => {
  beforeAll(async () => {
    const store = new GitSessionStore(join(cwd, 'sessions'))
    await store.save(newSession('demo'))
    await store.append('demo', { messages: [newMessage('user', 'hello')] })
    await store.save(newSession('other'))
    await store.close()
  })

  it('says what to do where there is no remote', async () => {
    const { code, stderr } = await run('push')
    expect(code).toBe(4)
    expect(stderr).toContain('forkpoint remote add origin <url>')
  })

  it('adds a remote, lists it, and git finds it', async () => {
    expect((await run('remote', 'add', 'origin', server)).code).toBe(0)
    expect((await run('remote', 'add', 'origin', server)).code).toBe(3)
    expect((await run('remote', 'add', 'x', 'ext::sh -c x')).code).toBe(1)
    expect((await run('remote', 'add', '../x', server)).code).toBe(2)
    expect((await run('remote', 'list')).stdout).toBe(`origin  ${server}\n`)
    expect(JSON.parse((await run('remote', 'list', '--json')).stdout)).toEqual({
      name: 'origin',
      url: server,
      mapped: false,
    })
    expect(gitText(join(cwd, 'sessions'), ['remote', 'get-url', 'origin'])).toBe(server)
    expect((await run('remote', 'add', 'backup', server)).code).toBe(0)
    expect((await run('remote', 'remove', 'backup')).code).toBe(0)
    expect((await run('remote', 'remove', 'backup')).code).toBe(4)
  })

  it('pushes, says what it did, and status agrees', async () => {
    const waiting = await run('status')
    expect(waiting.stdout).toContain('ahead     heads/demo/main\n')
    expect(waiting.stderr).toContain('forkpoint sync origin\n')
    const { code, stdout } = await run('push', '--only', 'demo')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'pushed    heads/demo/main\n' })
    expect((await run('sync')).stdout).toBe('pushed    heads/other/main\n')
    const status = JSON.parse((await run('status', '--json')).stdout)
    expect(status).toEqual({ remote: 'origin', url: server, sessions: [], same: 2 })
    expect((await run('push')).stderr).toContain('Nothing to push to origin.')
  })

  it('says so when a named session is neither here nor there', async () => {
    for (const verb of ['push', 'fetch', 'sync', 'status']) {
      const { code, stderr } = await run(verb, '--only', 'demo', 'nobody')
      expect([code, stderr]).toEqual([
        4,
        expect.stringContaining("There is no session 'nobody', neither here"),
      ])
    }
  })

  it('keeps a path whole, so that it is the same from every folder', async () => {
    expect((await at('relative', 'remote', 'add', 'origin', 'some/where.git')).code).toBe(0)
    expect((await at('relative', 'remote', 'list')).stdout).toBe(`origin  ${resolve('some/where.git')}\n`)
  })

  it('checks what a server promises, by name or address, without a store', async () => {
    const { code, stdout, stderr } = await run('remote', 'check', 'origin')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^yes {2}append +\d+\.\d ms +moves a branch forward/m)
    expect(stderr).toContain('docs/fleet.md')
    const empty = bareRepository()
    gitText(empty, ['config', 'receive.maxInputSize', '1'])
    const refused = await at('none', 'remote', 'check', empty, '--json')
    expect(refused.code).toBe(1)
    expect(JSON.parse(refused.stdout)).toMatchObject({ url: empty, transport: 'folder', ok: false, left: [] })
    expect(existsSync(join(cwd, 'none'))).toBe(false)
    expect((await run('remote', 'check', '/nowhere/at/all')).code).toBe(1)
  })

  it('clones a server, whole or some sessions of it', async () => {
    expect((await run('clone', server, join(cwd, 'copy'))).stdout).toContain('2 refs')
    expect((await at('copy', 'list')).stdout).toContain('demo')
    await run('clone', server, join(cwd, 'one'), '--session', 'demo', '--depth', '1')
    expect((await at('one', 'list')).stdout).not.toContain('other')
    expect((await at('one', 'log', 'demo', '--json')).stdout.trim().split('\n')).toHaveLength(1)
    expect((await at('one', 'show', 'demo')).stdout).toContain('hello')
    expect((await run('clone', server, join(cwd, 'copy'))).code).toBe(2)
    for (const words of [
      [server, join(cwd, 'none'), '--session', 'nobody'],
      ['/nowhere', join(cwd, 'none')],
    ]) {
      expect((await run('clone', ...words)).code).toBeGreaterThan(0)
      expect((await run('clone', server, join(cwd, 'none'), '--json')).code).toBe(0)
      await rm(join(cwd, 'none'), { recursive: true })
    }
    expect(existsSync(join(cwd, 'copy', 'HEAD'))).toBe(true)
  })

  it('tells of archives, also of those that come back', async () => {
    await run('archive', 'other', '--yes')
    expect(await run('push')).toMatchObject({ stdout: 'archived  other at origin\n', stderr: '' })
    expect((await at('copy', 'fetch')).stdout).toBe('archived  other: it was archived elsewhere\n')
    await run('unarchive', 'other')
    await run('push')
    expect(await at('copy', 'fetch')).toMatchObject({
      stdout: 'back      other: it was brought back from its archive elsewhere\n',
      stderr: '',
    })
  })

  it('shows no password of an address', async () => {
    const address = 'https://ann:hunter2@127.0.0.1:1/x.git'
    for (const words of [['add', 'p', address, '--mapped'], ['list'], ['remove', 'p']]) {
      const { code, stdout, stderr } = await run('remote', ...words)
      expect([code, stdout + stderr]).toEqual([0, expect.not.stringContaining('hunter2')])
    }
  })

  it('tells of deletions and of how to take them back', async () => {
    await run('delete', 'other', '--yes')
    expect((await run('sync')).stdout).toBe('deleted   heads/other/main at origin\n')
    const { stdout, stderr } = await at('copy', 'sync')
    expect(stdout).toBe('deleted   heads/other/main\n')
    expect(stderr).toContain('forkpoint restore other')
    expect((await at('copy', 'restore', 'other')).stdout).toBe('Restored other: heads/other/main.\n')
    expect((await at('copy', 'push')).stdout).toContain('pushed    heads/other/main\n')
  })

  it('refuses what holds a secret, names the message and the rule, and never shows it', async () => {
    const store = new GitSessionStore(join(cwd, 'sessions'))
    const { id } = newMessage('user', 'x')
    await store.append('demo', { messages: [{ ...newMessage('user', `use ${token}`), id }] })
    await store.save({ ...newSession('private'), metadata: { local: true } })
    await store.fork('private', { session: 'private-2' })
    await store.close()
    const { code, stdout, stderr } = await run('push')
    expect(code).toBe(1)
    expect(stdout).toContain(`rule github in message ${id}`)
    expect(stdout).toMatch(/refused {3}private: .*marked as local/)
    expect(stdout).toMatch(/refused {3}private-2: .*marked as local/)
    expect(stdout + stderr).not.toContain(token)
    expect((await run('push', '--only', 'demo', '--allow', token)).code).toBe(0)
    expect(gitText(server, ['for-each-ref', 'refs/heads/private*'])).toBe('')
  })

  it('takes a secret out everywhere, and says what to do with newer work', async () => {
    const leaked = new GitSessionStore(join(cwd, 'here'))
    await leaked.save(newSession('leak'))
    await leaked.append('leak', { messages: [newMessage('user', `use ${token}`)] })
    await leaked.close()
    await at('here', 'remote', 'add', 'origin', server)
    await at('here', 'push', '--no-secrets', '--only', 'leak')
    await run('clone', server, join(cwd, 'there'), '--session', 'leak')
    expect((await at('here', 'redact', 'leak', '--yes')).stderr).toContain(
      'To take it out there: forkpoint sync',
    )
    expect((await at('here', 'sync', '--only', 'leak')).code).toBe(0)

    const other = new GitSessionStore(join(cwd, 'there'))
    await other.append('leak', { messages: [newMessage('user', 'more')] })
    await other.close()
    const synced = await at('there', 'sync', '--only', 'leak')
    expect(synced.code).toBe(1)
    expect(synced.stdout).toContain('outdated  heads/leak/main: its history was rewritten elsewhere')
    expect(synced.stdout).toContain('refused   leak: ')
    expect(synced.stderr).toContain('forkpoint redact leak --store')
    expect((await at('there', 'status', '--only', 'leak')).stdout).toContain('outdated  heads/leak/main\n')
    expect((await at('there', 'redact', 'leak', '--continue')).stderr).toContain(' --continue --yes')
    expect((await at('there', 'redact', 'leak', '--continue', '--yes')).code).toBe(0)
    expect((await at('there', 'sync', '--only', 'leak')).stdout).toBe('pushed    heads/leak/main\n')
    expect(gitText(server, ['log', '--glob=refs/heads/leak', '--format=%H', `-S${token}`])).toBe('')
  })
})
