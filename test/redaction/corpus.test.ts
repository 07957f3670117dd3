import { expect, test } from 'vitest'
import { redactValue } from '../../src/redaction/redact.ts'
import { redactSecrets } from '../../src/redaction/secrets.ts'
import { corpus, lookAlikes } from './corpus.ts'

const redact = redactSecrets({ key: 'a key of the tests' })
const clean = (text: string) => redact(text, ['messages', 0, 'content']) as string

test('each planted secret is gone, in every context', () => {
  const planted = corpus()
  expect(planted.length).toBeGreaterThan(500)
  const left = planted.filter(({ text, secrets }) => secrets.some((secret) => clean(text).includes(secret)))
  expect(left.map(({ kind, context, text }) => `${kind}, ${context}: ${text} → ${clean(text)}`)).toEqual([])
})

test('what was redacted stays as it is', () => {
  for (const { text } of corpus()) {
    const once = clean(text)
    expect(clean(once)).toBe(once)
    expect(clean(JSON.stringify({ again: once }))).toBe(JSON.stringify({ again: once }))
  }
})

test.each(lookAlikes().map((text) => [text.slice(0, 60), text]))('stays: %s', (_, text) => {
  expect(clean(text)).toBe(text)
  expect(clean(JSON.stringify(text))).toBe(JSON.stringify(text))
})

test('keys of objects are looked at', () => {
  const { text, secrets } = corpus().find(({ kind, context }) => kind === 'github' && context === 'prose')!
  const kept = JSON.stringify(redactValue({ by: { [text]: 1 } }, redact, []))
  expect(kept).toMatch(/\[redacted:github:[0-9a-f]{8}\]/)
  expect(kept).not.toContain(secrets[0])
})
