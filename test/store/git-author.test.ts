/** Who git says made and signed a checkpoint, and what becomes of signatures. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeCommit, encodeCommit } from '../../src/git/objects/commit.ts'
import { importClaudeCode } from '../../src/importers/index.ts'
import { git, gitText, tempFolder } from '../git/real-git.ts'
import { emptySession, message, storeAt } from './support/git-store.ts'

const MODEL = 'claude-sonnet-4'

test('the author is the model, or whom the call names, and the committer is forkpoint', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  await store.save({ ...emptySession('s'), model: MODEL, messages: [message('m1', 'hello')] })
  await store.append('s', { set: { title: 'T' } }, { author: { name: 'Ada', email: 'ada@example.org' } })
  await store.fork('s', { session: 'copy' })
  const lines = gitText(folder, ['log', '--format=%an <%ae>, %cn <%ce>', 'copy/main']).split('\n')
  const committer = 'forkpoint <forkpoint@localhost>'
  expect(lines).toEqual([
    `${committer}, ${committer}`,
    `Ada <ada@example.org>, ${committer}`,
    `${MODEL} <noreply@forkpoint.invalid>, ${committer}`,
  ])
  expect((await storeAt(folder).checkpoint('s', 'main~1')).author?.name).toBe(MODEL)
})

test('git finds the prompt and the trailers in the message', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  const prompt = 'Look at this:\n\nForkpoint-Seq: 99\nForkpoint-Format: 1'
  await store.save({ ...emptySession('s'), messages: [message('m1', prompt)] })
  expect(gitText(folder, ['log', '--format=%s', '--grep=^> Look at this:$', 's/main'])).toBe(
    'turn 1: Look at this: Forkpoint-Seq: 99 Forkpoint-Format: 1',
  )
  expect(
    gitText(folder, ['log', '--format=%(trailers:key=Forkpoint-Seq,valueonly,separator=%x2c)', 's/main']),
  ).toBe('1')
})

test('a commit that git signed is read, built upon and verified, and its signature kept', async () => {
  const folder = tempFolder()
  const store = storeAt(folder)
  const { id } = await store.save({ ...emptySession('s'), messages: [message('m1', 'one')] })
  const key = join(tempFolder(), 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  const text = gitText(folder, ['log', '-1', '--format=%B', id])
  const sign = [
    '-c',
    'gpg.format=ssh',
    '-c',
    `user.signingkey=${key}`,
    'commit-tree',
    '-S',
    `${id}^{tree}`,
    '-m',
    text,
  ]
  const signed = gitText(folder, sign)
  git(folder, ['update-ref', 'refs/heads/s/main', signed])
  const data = execFileSync('git', ['cat-file', 'commit', signed], { cwd: folder })
  const commit = decodeCommit(data)
  expect(commit.headers).toMatch(
    /^gpgsig -----BEGIN SSH SIGNATURE-----\n(?: .+\n)+ -----END SSH SIGNATURE-----\n$/,
  )
  expect(encodeCommit(commit)).toEqual(data)
  const other = storeAt(folder)
  expect((await other.load('s'))?.messages).toHaveLength(1)
  const { kind, seq } = await other.checkpoint('s')
  expect([kind, seq]).toEqual(['save', 1])
  await other.append('s', { messages: [message('m2', 'two')] })
  expect((await other.verify()).problems).toEqual([])
  await other.maintain()
  expect(gitText(folder, ['cat-file', 'commit', 's/main~1'])).toContain(
    'gpgsig -----BEGIN SSH SIGNATURE-----',
  )
  expect(existsSync(`${key}.pub`)).toBe(true)
})

test('the author of an import without a model is its tool', async () => {
  const folder = tempFolder()
  const store = storeAt(join(folder, 'sessions'))
  const fixture = join(import.meta.dirname, '../../fixtures/claude-code/demo-session.jsonl')
  await importClaudeCode(fixture, store, { sessionId: 'd' })
  const authors = gitText(join(folder, 'sessions'), ['log', '--reverse', '--format=%an', 'd/main']).split(
    '\n',
  )
  expect(authors.slice(0, 2)).toEqual(['Claude Code', 'claude-sonnet-4-5-20250929'])
})
