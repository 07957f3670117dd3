/** The line of the files goes where the session goes: to a server if that is asked for, to the trash, and back. */
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GitSessionStore } from '../../src/store/git/git-session-store.ts'
import { gitText, tempFolder } from '../git/real-git.ts'
import { contentOf, write } from './support/folder.ts'
import { type Scene, sceneIn } from './support/store.ts'

function shared(): Scene & { server: string } {
  const base = realpathSync(tempFolder())
  const [server, root, folder] = [join(base, 'server'), join(base, 'project'), join(base, 'store')]
  gitText(base, ['init', '-q', '--bare', server])
  write(root, { 'deploy.sh': '#!/bin/sh\n' })
  gitText(base, ['init', '-q', '--bare', folder])
  gitText(folder, ['remote', 'add', 'origin', server])
  return { ...sceneIn(folder, root), server }
}

const refsAt = (server: string): string[] =>
  gitText(server, ['for-each-ref', '--format=%(refname)', 'refs/heads/demo']).split('\n').filter(Boolean)

test('a push takes the files along when it is asked to, and another machine restores them', async () => {
  const { root, server, store, turn } = shared()
  await turn('one')
  write(root, { 'deploy.sh': '#!/bin/sh\necho two\n' })
  await turn('two')
  await store.push()
  expect(refsAt(server)).toEqual(['refs/heads/demo/main'])
  const { pushed } = await store.push({ workspace: true })
  expect(pushed).toEqual(['heads/demo/_workspace.main'])

  const [elsewhere, folder] = [tempFolder(), join(tempFolder(), 'store')]
  const other = new GitSessionStore(folder, { remote: { url: server }, replicate: false })
  await other.fetch()
  await other.files(elsewhere).restore('demo', 'main~1')
  expect(contentOf(elsewhere)).toEqual({ 'deploy.sh': '#!/bin/sh\n' })
  await other.close()

  await store.delete('demo')
  await store.push()
  expect(refsAt(server)).toEqual([])
})

test('a push with the files of a session is refused when one of them holds a secret', async () => {
  const { root, server, store, turn } = shared()
  const token = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_')
  write(root, { 'deploy.sh': `#!/bin/sh\nexport TOKEN=${token}\n` })
  await turn('one')
  const { refused, pushed } = await store.push({ workspace: true })
  expect(pushed).toEqual([])
  expect(refused).toMatchObject([{ session: 'demo', reason: expect.stringContaining('deploy.sh') }])
  expect(refsAt(server)).toEqual([])
  // Without the files nothing of them is sent, so nothing of them is in the way.
  expect((await store.push()).pushed).toEqual(['heads/demo/main'])
})

test('an archive takes files along only when that is asked for', async () => {
  const { server, store, turn } = shared()
  await turn('one')
  await store.push()
  await store.archive({ sessions: ['demo'] })
  await store.push()
  const all = () => gitText(server, ['for-each-ref', '--format=%(refname)'])
  expect(refsAt(server)).toEqual(['refs/heads/demo/main'])
  expect(all()).not.toContain('archive')
  expect((await store.push({ workspace: true })).archived).toEqual(['demo'])
  expect(refsAt(server)).toEqual([])
  expect(all()).toContain('archive')
})

test('a session that comes back from the trash has its files', async () => {
  const { files, root, store, turn } = shared()
  const id = await turn('one')
  write(root, { 'deploy.sh': undefined })
  await store.delete('demo')
  await store.restore('demo')
  await files.restore('demo', id)
  expect(contentOf(root)).toEqual({ 'deploy.sh': '#!/bin/sh\n' })
  expect((await store.verify()).ok).toBe(true)
})
