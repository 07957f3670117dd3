import { expect, test } from 'vitest'
import { redactTexts } from '../../src/redaction/index.ts'
import { redactValue } from '../../src/redaction/redact.ts'

const SECRET = 'tr0ub4dor "&" 3/4'
const MARK = /\[redacted:text:[0-9a-f]{8}\]/

test('a text is found as it is, escaped, in keys and in base64', () => {
  const redact = redactTexts([SECRET], { key: 'k' })
  const json = JSON.stringify({ a: SECRET })
  const document = {
    plain: `use ${SECRET}!`,
    json,
    twice: JSON.stringify({ json }),
    url: `https://h/?p=${encodeURIComponent(SECRET)}`,
    data: Buffer.from(`--${SECRET}--`).toString('base64'),
    binary: Buffer.concat([Buffer.from([0, 255, 200]), Buffer.from(SECRET)]).toString('base64'),
    [`key ${SECRET}`]: { other: 'stays', number: 1 },
  }
  const kept = redactValue(document, redact, []) as Record<string, string>
  expect(kept.plain).toMatch(MARK)
  expect(JSON.parse(kept.json!).a).toMatch(MARK)
  expect(JSON.parse(JSON.parse(kept.twice!).json).a).toMatch(MARK)
  expect(kept.url).toMatch(MARK)
  for (const name of ['data', 'binary'])
    expect(Buffer.from(kept[name]!, 'base64').toString('latin1')).toMatch(MARK)
  const key = Object.keys(kept).at(-1)!
  expect(key).toMatch(/^key \[redacted:text:.{8}\]$/)
  expect(kept[key]).toEqual({ other: 'stays', number: 1 })
  expect(redactValue(kept, redact, [])).toBe(kept)
})

test('what does not hold the text stays, and each finding is told without it', () => {
  const told: unknown[] = []
  const redact = redactTexts(['abcd', 'abcdef'], { onFinding: (finding) => told.push(finding) })
  const document = { a: 'abc', b: ['abcdef abcd'], abcd: 1 }
  expect(redactValue({ a: 'abc' }, redact, [])).toEqual({ a: 'abc' })
  redactValue(document, redact, [])
  expect(told).toEqual([
    { rule: 'text', path: [] },
    { rule: 'text', path: ['b', 0] },
    { rule: 'text', path: ['b', 0] },
  ])
  expect(() => redactTexts(['abc'])).toThrow(TypeError)
})
