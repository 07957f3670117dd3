import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RuleError, redactPersonal, redactSecrets, type SecretOptions } from '../../src/redaction/index.ts'
import { sample, seeded } from './sample.ts'

const path = ['messages', 0, 'content']
const github = sample('ghp_{w36}', seeded(5))
const with_ = (options: SecretOptions) => {
  const redact = redactSecrets({ key: 'k', ...options })
  return (text: string) => redact(text, path) as string
}

test('the same secret is the same mark, and another key makes another mark', () => {
  const [a, b] = [with_({}), with_({ key: 'other' })]
  expect(a(`x ${github}`).slice(2)).toBe(a(`${github} y`).slice(0, -2))
  expect(a(github)).toMatch(/^\[redacted:github:[0-9a-f]{8}\]$/)
  expect(b(github)).not.toBe(a(github))
})

test('rules are switched off, or on alone; an id that is not there is refused', () => {
  expect(with_({ off: ['github'] })(github)).toBe(github)
  expect(with_({ only: ['jwt'] })(github)).toBe(github)
  expect(with_({ only: ['github'] })(github)).not.toBe(github)
  expect(() => redactSecrets({ off: ['nothing'] })).toThrow(RuleError)
})

test('what is allowed comes through: by its text, or by rule and place', () => {
  expect(with_({ allow: [github] })(`a ${github}`)).toBe(`a ${github}`)
  expect(with_({ allow: [{ rule: 'github', path: 'messages.*.content' }] })(github)).toBe(github)
  expect(with_({ allow: [{ rule: 'github', path: 'metadata' }] })(github)).not.toBe(github)
})

test('a rule of your own is checked with its samples', () => {
  const rule = {
    id: 'ours',
    keywords: ['ours-'],
    expression: /ours-[0-9]{6}/,
    match: ['ours-123456'],
    pass: ['ours-1'],
  }
  expect(with_({ rules: [rule] })('it is ours-654321.')).toMatch(/^it is \[redacted:ours:.{8}\]\.$/)
  expect(() => redactSecrets({ rules: [{ ...rule, match: ['ours-12'] }] })).toThrow(
    /does not find its sample 1/,
  )
  expect(() => redactSecrets({ rules: [{ ...rule, pass: ['ours-123456'] }] })).toThrow(/must pass, sample 1/)
  expect(() => redactSecrets({ rules: [{ ...rule, id: 'Ours!' }] })).toThrow(RuleError)
  expect(() => redactSecrets({ rules: [{ ...rule, expression: /(?:ours-)?/ }] })).toThrow(/empty text/)
})

test('keywords of any script are found', () => {
  const rule = { id: 'own', keywords: ['пароль '], expression: /пароль (?<secret>[a-z0-9]{6})/i }
  const redact = redactSecrets({ rules: [rule], key: 'k' })
  expect(redact('Это Пароль abc123.', [])).toMatch(/^Это Пароль \[redacted:own:[0-9a-f]{8}\]\.$/)
})

test('a value under the name of a secret is one', () => {
  const redact = redactSecrets({ key: 'k' })
  const value = sample('{w20}', seeded(9))
  expect(redact(value, ['metadata', 'password'])).toMatch(/^\[redacted:assigned:/)
  expect(redact(value, ['metadata', 'name'])).toBe(value)
})

test.each(['data', 'signature', 'integrity', 'image_url', 'content'])(
  'a token is one under the key %s, where encoded bytes stay as they are',
  (name) => {
    const redact = redactSecrets({ key: 'k' })
    for (const template of ['ghp_{w36}', 'sk-proj-{b124}', 'glpat-{b20}{b20}'])
      expect(redact(sample(template, seeded(3)), ['a', name])).toMatch(/^\[redacted:[a-z]+:.{8}\]$/)
    for (const template of ['{B120}', '{b300}']) {
      const bytes = sample(template, seeded(4))
      expect(redact(bytes, ['a', name])).toBe(bytes)
    }
  },
)

test('the header of an object is as good as that of a text', () => {
  const redact = redactSecrets({ key: 'k' })
  const value = sample('{w20}', seeded(9))
  for (const name of ['Authorization', 'authorization', 'Proxy-Authorization', 'x-goog-authorization'])
    for (const scheme of ['', 'Basic ', 'Bearer ', 'token '])
      expect(redact(scheme + value, ['headers', name])).toMatch(
        new RegExp(`^${scheme}\\[redacted:(?:authorization|bearer):.{8}\\]$`),
      )
  expect(redact('required', ['headers', 'Authorization'])).toBe('required')
})

test('a mark replaces an escape as a whole', () => {
  const redact = redactSecrets({ key: 'k' })
  const escaped = [...github].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('')
  expect(JSON.parse(redact(`{"a":"${escaped}"}`, path) as string)).toEqual({
    a: expect.stringMatching(/^\[redacted:github:.{8}\]$/),
  })
})

test('each secret that was replaced is told, without the secret', () => {
  const told: unknown[] = []
  redactSecrets({ onFinding: (finding) => told.push(finding) })(`${github} ${github}`, path)
  expect(told).toEqual([
    { rule: 'github', path },
    { rule: 'github', path },
  ])
})

function gitleaks(toml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'forkpoint-rules-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'gitleaks.toml')
  writeFileSync(file, toml)
  return () => with_({ rules: file })
}

test('rules of a gitleaks file work as they do in Go', () => {
  const clean = gitleaks(`
[[rules]]
id = "inner-token"
regex = '''(?i)\\b(acme_(?-i:[a-f]{4})[[:digit:]]{6})(?:\\s|\\z)'''
secretGroup = 1
keywords = ["ACME_"]
[[rules.allowlists]]
stopwords = ["000000"]

[[rules]]
id = "named"
regex = '''zeta=(?P<value>[0-9]{8})'''
`)()
  expect(clean('see ACME_abcd123456')).toMatch(/^see \[redacted:inner-token:.{8}\]$/)
  expect(clean('see acme_ABCD123456')).toBe('see acme_ABCD123456')
  expect(clean('see acme_abcd000000')).toBe('see acme_abcd000000')
  expect(clean('zeta=12345678')).toMatch(/^zeta=\[redacted:named:.{8}\]$/)
})

test('a gitleaks rule that cannot be translated is refused by name', () => {
  const broken = (regex: string) => gitleaks(`[[rules]]\nid = "odd"\nregex = '''${regex}'''\n`)
  expect(broken('\\pL+x')).toThrow(/Rule 'odd' cannot be used: its expression has '\\p'/)
  expect(broken('(?U)a+')).toThrow(/Rule 'odd'/)
  expect(broken('a(b')).toThrow(/Rule 'odd'/)
  expect(gitleaks('[extend]\nuseDefault = true\n')).toThrow(RuleError)
  expect(() => with_({ rules: '/nowhere/gitleaks.toml' })).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND' }),
  )
})

test('personal data goes where it is asked for', () => {
  const redact = redactPersonal({ key: 'k', user: 'annabel', host: 'quietbox' })
  const text = 'annabel@quietbox:/home/annabel/x a.b@example.com +49 170 1234567 git@github.com'
  expect(redact(text, path)).toMatch(
    /^\[redacted:user:.{8}\]@\[redacted:host:.{8}\]:\/home\/\[redacted:\w+:.{8}\]\/x \[redacted:mail:.{8}\] \[redacted:phone:.{8}\] git@github\.com$/,
  )
  expect(redactPersonal({ only: ['phone'], key: 'k' })('a@example.com', path)).toBe('a@example.com')
})
