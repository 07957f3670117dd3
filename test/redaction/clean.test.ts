import { expect, test } from 'vitest'
import { redactValue } from '../../src/redaction/redact.ts'
import { cleanCheck, redactSecrets } from '../../src/redaction/secrets.ts'

const token = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_')
const secret = ['Zx81q9', 'Lm42Vb7t'].join('')

test.each([
  ['a text', token],
  ['a text inside', { a: [{ b: `see ${token}` }] }],
  ['a key', { a: { [token]: 1 } }],
  ['a value that its key names', { config: { password: secret } }],
  ['JSON inside a text', { arguments: JSON.stringify({ token }) }],
  ['a value below more levels than it looks at', nested(token, 200)],
])('the quick check does not call %s with a secret clean', (_, value) => {
  expect(redactValue(value, redactSecrets({ key: 'k' }), [])).not.toBe(value)
  expect(cleanCheck()(value)).toBe(false)
})

test('the quick check calls ordinary values clean, also the second time', () => {
  const isClean = cleanCheck()
  const value = {
    role: 'user',
    text: `the token is read from process.env ${'and kept '.repeat(20)}`,
    n: [1, null],
  }
  for (const one of [value, value, [], 'x', 7, null, true]) expect(isClean(one)).toBe(true)
})

test('a text that is clean under one key is looked at again under another', () => {
  const isClean = cleanCheck()
  expect(isClean({ note: secret })).toBe(true)
  expect(isClean({ password: secret })).toBe(false)
})

function nested(value: unknown, depth: number): unknown {
  return depth === 0 ? value : { inner: nested(value, depth - 1) }
}
