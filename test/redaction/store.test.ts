import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  GitSessionStore,
  InvalidIdError,
  MemorySessionStore,
  newMessage,
  newSession,
} from '../../src/index.ts'
import { redactSecrets } from '../../src/redaction/index.ts'
import { corpus } from './corpus.ts'
import { sample, seeded } from './sample.ts'

test('no object of a git store holds a secret of the corpus', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-redaction-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const store = new GitSessionStore(join(folder, 'store'), { redact: redactSecrets() })
  const planted = corpus().filter(({ context }) => !context.startsWith('wrapped'))
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

test('what a caller says of a save is redacted, and a name that holds a secret is refused', async () => {
  const token = sample('ghp_{w36}', seeded(4))
  const store = new MemorySessionStore({ redact: redactSecrets() })
  const made = await store.save(newSession('said'), { subject: `use ${token}`, trailers: { Used: token } })
  expect(made.subject).toMatch(/^use \[redacted:github:.{8}\]$/)
  expect(JSON.stringify(made)).not.toContain(token)
  const refused = await store.save(newSession('other'), { key: token }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(InvalidIdError)
  expect(String(refused)).not.toContain(token)
  expect(await store.exists('other')).toBe(false)
  await store.close()
})
