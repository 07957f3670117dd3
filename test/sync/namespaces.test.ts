/** Machines with networks of their own, which go away and come back: namespaces of Linux, and the command line in each. */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { tempFolder } from '../git/real-git.ts'
import { emptySession } from '../store/support/git-store.ts'
import { type GitServer, makeServed, startGitServer } from '../support/git-server.ts'
import { expectClean, say, tips } from './support/machines.ts'

/** Names and addresses that nobody else has: those below 198.18 are for tests (RFC 2544). */
const own = process.pid % 250
const MACHINES = ['a', 'b'].map((name, n) => ({
  name,
  space: `fp-${process.pid}-${name}`,
  ours: `fp${own}${name}0`,
  theirs: `fp${own}${name}1`,
  server: `198.18.${own}.${n * 4 + 1}`,
  address: `198.18.${own}.${n * 4 + 2}`,
}))
type Machine = (typeof MACHINES)[number]

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' })
const canMake = spawnSync('sh', ['-c', 'unshare -n ip link add fp0 type veth peer name fp1'])
const isPossible = process.getuid?.() === 0 && canMake.status === 0
if (!isPossible)
  console.warn('SKIPPED: no network namespaces can be made here: sharing between them is NOT tested.')

describe.skipIf(!isPossible)('machines with networks of their own', () => {
  const servers: GitServer[] = []
  let root: string
  let served: string
  const urls = new Map<string, string>()
  beforeAll(async () => {
    root = tempFolder()
    served = makeServed(root, 'sessions.git')
    for (const { name, space, ours, theirs, server, address } of MACHINES) {
      ip('netns', 'add', space)
      ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', space)
      ip('addr', 'add', `${server}/30`, 'dev', ours)
      ip('link', 'set', ours, 'up')
      ip('-n', space, 'addr', 'add', `${address}/30`, 'dev', theirs)
      ip('-n', space, 'link', 'set', theirs, 'up')
      const listening = await startGitServer({ root, host: server })
      servers.push(listening)
      urls.set(name, `${listening.url}/sessions.git`)
    }
  })
  afterAll(async () => {
    for (const server of servers) await server.close()
    for (const { space } of MACHINES) spawnSync('ip', ['netns', 'del', space])
  })

  /** The command line on a machine. The servers are in this process: they have to be able to answer. */
  async function run({ space, name }: Machine, ...args: string[]) {
    const command = [process.execPath, resolve('dist/cli/main.js'), ...args, '--store', join(root, name)]
    const done = promisify(execFile)('ip', ['netns', 'exec', space, ...command], { timeout: 60_000 })
    return done.then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    )
  }

  async function withStore<T>({ name }: Machine, work: (store: GitSessionStore) => Promise<T>): Promise<T> {
    const store = new GitSessionStore(join(root, name), { writer: name })
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }

  test('go on while they cannot reach the server, and agree when they can', async () => {
    const [a, b] = MACHINES as [Machine, Machine]
    for (const one of MACHINES) {
      mkdirSync(join(root, one.name))
      await run(one, 'remote', 'add', 'origin', urls.get(one.name)!)
      execFileSync('git', ['--git-dir', join(root, one.name), 'config', 'forkpoint.writer', one.name])
    }
    await withStore(a, async (store) => {
      await store.save(emptySession('demo'))
      await say(store, 'first')
    })
    expect(await run(a, 'sync')).toMatchObject({ code: 0, stdout: 'pushed    heads/demo/main\n' })
    expect((await run(b, 'sync')).stdout).toBe('fetched   heads/demo/main\n')

    ip('-n', b.space, 'link', 'set', b.theirs, 'down')
    const ours = await withStore(b, (store) => say(store, 'without a network'))
    const offline = await run(b, 'sync')
    expect(offline.code).toBe(1)
    expect(offline.stderr).toContain('cannot be reached')
    // Neither of them is in the network of the other, or in ours.
    expect((await run(a, 'remote', 'check', urls.get('b')!)).code).toBe(1)
    const theirs = await withStore(a, (store) => say(store, 'with one'))
    expect((await run(a, 'sync')).code).toBe(0)

    ip('-n', b.space, 'link', 'set', b.theirs, 'up')
    expect((await run(b, 'sync')).stdout).toContain('diverged')
    expect((await run(a, 'sync')).code).toBe(0)
    const both = [await withStore(a, tips), await withStore(b, tips)]
    expect(both[0]).toEqual({ main: theirs, [`main--b-${ours.slice(0, 8)}`]: ours })
    expect(both[1]).toEqual(both[0])
    for (const folder of [served, join(root, 'a'), join(root, 'b')]) expectClean(folder)
  }, 240_000)
})
