import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { GitSessionStore, newMessage, newSession } from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import { corpus } from './corpus.ts'

test('no object of a git store holds a secret of the corpus', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-redaction-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const store = new GitSessionStore(join(folder, 'store'), { redact: redactSecrets() })
  const planted = corpus().filter(({ context }) => context !== 'wrapped')
  const half = Math.floor(planted.length / 2)
  const messages = planted.map(({ text }) => newMessage('user', text))
  const session = { ...newSession('planted'), messages: messages.slice(0, half) }
  await store.save(session)
  await store.append('planted', { messages: messages.slice(half) })
  await store.close()
  const git = (...args: string[]) =>
    execFileSync('git', ['--git-dir', join(folder, 'store'), ...args], {
      maxBuffer: 1 << 28,
      encoding: 'utf8',
    })
  const all = git('cat-file', '--batch', '--batch-all-objects', '--unordered')
  expect(all).toContain('[redacted:github:')
  const whole = planted.flatMap(({ kind, context, secrets }) =>
    secrets.filter((secret) => secret.length > 12 && all.includes(secret)).map(() => `${kind}, ${context}`),
  )
  expect(whole).toEqual([])
}, 60_000)
