/** Sessions shared over ssh: by the real sshd with git-shell, and with gitolite. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkRemote } from '../../src/sync/check/remote-check.ts'
import { bareRepository, git, gitText, tempFolder } from '../git/real-git.ts'
import { hasGitolite, hasSshd, type SshServer, startGitolite, startSshd } from '../support/ssh-server.ts'
import { begin, expectClean, machine, refsAt, say, tips } from './support/machines.ts'

const KINDS = [
  {
    kind: 'git-shell',
    isHere: hasSshd,
    async start() {
      const folder = bareRepository()
      for (const setting of ['unpackLimit 1', 'denyNonFastForwards true', 'autogc false'])
        git(folder, ['config', ...`receive.${setting}`.split(' ')])
      const server = await startSshd(tempFolder())
      return { server, folder, url: `${server.url}${folder}` }
    },
  },
  {
    kind: 'gitolite',
    isHere: hasGitolite,
    async start() {
      const server = await startGitolite(tempFolder())
      return { server, folder: server.folder, url: `${server.url}/sessions` }
    },
  },
]

for (const { kind, isHere, start } of KINDS) {
  describe.skipIf(!isHere)(`a server behind ssh, with ${kind},`, () => {
    const { GIT_SSH_COMMAND: before } = process.env
    let server: SshServer
    let folder: string
    let url: string
    beforeEach(async () => {
      ;({ server, folder, url } = await start())
      process.env.GIT_SSH_COMMAND = server.command
    })
    afterEach(async () => {
      if (before === undefined) delete process.env.GIT_SSH_COMMAND
      else process.env.GIT_SSH_COMMAND = before
      await server.close()
    })

    test('takes pushes and deletions, and gives what others have saved', async () => {
      const [one, two] = [machine(url, 'one'), machine(url, 'two')]
      await begin(one)
      await one.tag('demo', 'start')
      await one.push()
      await two.fetch()
      const id = await say(two, 'more')
      await two.sync()
      await one.sync()
      expect(await tips(one)).toEqual({ main: id })
      expect(refsAt(folder, 'refs/heads/demo/')).toEqual({ 'refs/heads/demo/main': id })
      // Both go on.
      await Promise.all([say(one, 'here'), say(two, 'there')])
      for (const store of [one, two, one]) await store.sync()
      expect(await tips(one)).toEqual(await tips(two))
      expect(Object.keys(await tips(one))).toHaveLength(2)
      await one.delete('demo')
      for (const store of [one, two]) await store.sync()
      expect(await two.exists('demo')).toBe(false)
      expect(refsAt(folder, 'refs/heads/demo/')).toEqual({})
      expectClean(folder)
      expectClean(one.folder)
    }, 120_000)

    test('is cloned by git and by forkpoint, whole or shallow', async () => {
      const one = machine(url, 'one', { replicate: 'now' })
      const ids = await begin(one)
      const clone = join(tempFolder(), 'clone')
      const ssh = ['-c', `core.sshCommand=${server.command}`]
      git(tempFolder(), [...ssh, 'clone', '--quiet', '--branch', 'demo/main', url, clone])
      expect(gitText(clone, ['rev-parse', 'HEAD'])).toBe(ids.at(-1))
      const shallow = machine(url, 'shallow')
      await shallow.fetch({ depth: 1 })
      expect(gitText(shallow.folder, ['rev-list', '--all'])).toBe(ids.at(-1))
      await say(shallow, 'on top')
      expect((await shallow.push()).pushed).toEqual(['heads/demo/main'])
      expectClean(folder)
    }, 120_000)

    test('keeps what forkpoint needs', async () => {
      const { ok, promises, left, transport } = await checkRemote(url)
      expect(transport).toBe('ssh')
      expect(promises.filter(({ holds }) => holds === false).map(({ name }) => name)).toEqual(['rewrite'])
      expect({ ok, left }).toEqual({ ok: true, left: [] })
    }, 120_000)

    test('that does not let us in, or has no such repository, says so', async () => {
      const store = machine(`${url}-other`, 'one')
      await expect(store.fetch()).rejects.toMatchObject({ code: 'REMOTE' })
      process.env.GIT_SSH_COMMAND = server.command.replace(/-i \S+/, '')
      await expect(machine(url, 'two').fetch()).rejects.toMatchObject({ code: 'REMOTE', failure: 'denied' })
      await server.close()
      await expect(machine(url, 'three').fetch()).rejects.toMatchObject({ failure: 'unreachable' })
    }, 120_000)
  })
}
