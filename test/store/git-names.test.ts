/** Names with capitals, as git and the shell take them. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const SESSIONS = { 'PROJ-123': 'proj-123+', Abc: 'abc+4', aBC: 'abc+3', abc: 'abc', 'C++': 'c%2b%2b+' }

async function madeStore(): Promise<string> {
  const folder = tempFolder()
  const store = storeAt(folder)
  for (const id of Object.keys(SESSIONS)) {
    await store.save({ ...emptySession(id), messages: [message('m1', `hello ${id}`)] })
    await store.fork(id, { branch: 'Fix' })
    await store.tag(id, 'V1')
  }
  await store.close()
  return folder
}

const refsOf = (folder: string): string[] =>
  gitText(folder, ['for-each-ref', '--format=%(refname)'])
    .split('\n')
    .filter((ref) => ref !== '')

test('a name with capitals is one that git fetches, pushes, clones and logs', async () => {
  const folder = await madeStore()
  const url = pathToFileURL(folder).href
  const expected = Object.values(SESSIONS).flatMap((part) => [
    `refs/heads/${part}/fix+4`,
    `refs/heads/${part}/main`,
    `refs/tags/${part}/v1+`,
  ])
  expect(refsOf(folder)).toEqual(expected.sort())
  for (const part of Object.values(SESSIONS)) {
    expect(gitText(folder, ['log', '--format=%s', `${part}/main`])).toBe(
      gitText(folder, ['log', '--format=%s', `${part}/v1+`]),
    )
    const clone = tempFolder()
    git(clone, ['clone', '-q', '--branch', `${part}/fix+4`, url, 'c'])
    expect(gitText(join(clone, 'c'), ['symbolic-ref', 'HEAD'])).toBe(`refs/heads/${part}/fix+4`)
    git(join(clone, 'c'), ['push', '-q', 'origin', `${part}/fix+4:${part}/again+10`])
    git(join(clone, 'c'), [
      'fetch',
      '-q',
      'origin',
      `${part}/again+10:${part}/here`,
      `+${part}/main:${part}/there`,
    ])
    git(join(clone, 'c'), ['push', '-q', 'origin', `:${part}/again+10`])
  }
  const other = tempFolder()
  git(other, ['init', '-q', '--bare'])
  git(folder, ['push', '-q', pathToFileURL(other).href, 'refs/*:refs/*'])
  expect(refsOf(other)).toEqual(refsOf(folder))
  const copied = storeAt(other)
  for (const id of Object.keys(SESSIONS)) expect((await copied.load(id, { at: 'V1' }))?.id).toBe(id)
})

test('a shell takes its ref without quotes', async () => {
  const folder = await madeStore()
  for (const part of ['proj-123+', 'abc+4', 'c%2b%2b+']) {
    const words = `cd '${folder}' && git log -1 --format=%H ${part}/main && git rev-parse ${part}/main~0^{commit}`
    const [a, b] = execFileSync('bash', ['-c', words], { encoding: 'utf8' }).trim().split('\n')
    expect(a).toBe(b)
  }
})
