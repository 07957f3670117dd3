import { expect, test, vi } from 'vitest'
import { PathPattern } from '../../src/agent/permissions/path-pattern.ts'
import { find, HOLE, TextPattern } from '../../src/agent/permissions/pattern.ts'
import { Permissions } from '../../src/agent/permissions/permissions.ts'

vi.setConfig({ testTimeout: 120_000 })

const LONG = 80_000
/** Milliseconds of processor time, far more than any of these takes. What backtracks takes minutes, if it ends at all. */
const SOON = 30_000

function timed<T>(work: () => T): T {
  const start = process.cpuUsage()
  const result = work()
  expect(process.cpuUsage(start).user / 1000).toBeLessThan(SOON)
  return result
}

test.each([
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'acb', false],
  ['aba*ba', 'aba', false],
  ['aba*ba', 'ababa', true],
  ['*', '', true],
  ['**', 'any\nthing', true],
  ['a', 'a', true],
  ['a', 'ab', false],
  ['a.c', 'abc', false],
])('as a text, %j fits %j: %s', (pattern, text, fits) => {
  expect(new TextPattern(pattern).fits(text)).toBe(fits)
})

test.each([
  ['git push*', `git ${HOLE}`, true],
  ['git push*', `svn ${HOLE}`, false],
  ['git push', `git ${HOLE}`, true],
  ['git push', `git ${HOLE} -f`, false],
  ['*.env', `${HOLE}.md`, false],
  ['*.env', `${HOLE}env`, true],
  ['a*b*c', `a${HOLE}c`, true],
])('as a text, %j may fit %j: %s', (pattern, text, fits) => {
  expect(new TextPattern(pattern).mayFit(text)).toBe(fits)
})

test.each([
  ['{a,b*}/c', 'bx/c', true],
  ['{a,b*}/c', 'ax/c', false],
  ['{*,x}y', 'xxy', true],
  ['{a,{b,c}d}', 'cd', true],
  ['{a,{b,c}d}', 'c', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[!/]x', '/x', false],
  ['[]a]', 'a', true],
  ['[a', '[a', true],
  ['{a', '{a', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['a/**/b', 'ab', false],
  ['**', 'a/b', true],
  ['?', '😀', true],
  ['.env', `src/${HOLE}`, true],
  ['.env', `${HOLE}.md`, false],
  ['/src/**', `lib/${HOLE}`, false],
  ['/src/a', `${HOLE}`, true],
])('as a path, %j fits %j: %s', (pattern, path, fits) => {
  expect(new PathPattern(pattern).fits(path)).toBe(fits)
})

test('a pattern for paths that is none says so', () => {
  expect(() => new PathPattern('{a,{b}')).toThrow("a '{' in it has no '}'")
  expect(() => new PathPattern('a'.repeat(3000))).toThrow('at most 2048 characters')
  expect(() => new Permissions({ deny: [`read(${'a'.repeat(3000)})`] })).toThrow(TypeError)
})

test.each([
  ['a*'.repeat(1000), `${'a'.repeat(4000)}b`],
  ['*a'.repeat(1000), `${'a'.repeat(4000)}b`],
  ['**/'.repeat(600), 'a/'.repeat(2000)],
  [`{${'*,'.repeat(1000)}}`, 'a'.repeat(4000)],
  ['{a*,a*}'.repeat(290), 'a'.repeat(4000)],
  ['a', 'a'.repeat(LONG)],
])('a glob such as %.10s… takes no more than its length times that of the name', (glob, name) => {
  timed(() => new PathPattern(glob).fits(name))
})

test('a text is searched in linear time, whatever is looked for', () => {
  const text = 'a'.repeat(LONG)
  expect(timed(() => new TextPattern(`*${'a'.repeat(LONG / 2)}b*`).fits(text))).toBe(false)
  expect(timed(() => new TextPattern(`${'a*'.repeat(LONG / 2)}b`).fits(text))).toBe(false)
  expect(timed(() => find(`${text}b`, `${'a'.repeat(LONG / 2)}b`, 0))).toBe(LONG / 2)
  expect(find('ababac', 'x'.repeat(100), 0)).toBe(-1)
})

const HOSTILE = [
  '"$(',
  '$(',
  '`',
  '((',
  '$((',
  '${a:-',
  '<(',
  '{ ',
  'a[$(',
  'coproc ',
  'function f ',
  'env ',
  'xargs ',
  'eval ',
  'cd x;',
  'cat <<E\n',
  'cat <<E ',
  'rm -x ',
  'a;',
  'a',
  ' ',
  "sh -c '",
  'cp .env ',
  'x=',
  '*',
  '-',
]

test.each(HOSTILE)('a command of 80,000 characters %j is judged soon, and never an error', (piece) => {
  const rules = [
    'bash(rm -rf:*)',
    'bash(*x*y)',
    `bash(${'a*'.repeat(20_000)})`,
    `bash(${' '.repeat(LONG)}x:*)`,
    `bash(${'a'.repeat(LONG / 2)}:*)`,
    'read(.env)',
  ]
  const permissions = new Permissions({ deny: rules, defaultDecision: 'allow' })
  for (const command of [
    piece.repeat(LONG / piece.length),
    `echo ${piece.repeat(LONG / piece.length)}`,
    `cat ${piece.repeat(LONG / piece.length)}`,
  ]) {
    timed(() => permissions.decide({ tool: 'bash', kind: 'command', command }))
  }
})

test('60 KB of nested substitutions are asked about', () => {
  const permissions = new Permissions({ deny: ['bash(rm:*)'], defaultDecision: 'allow' })
  const command = '"$('.repeat(20_000)
  expect(permissions.decide({ tool: 'bash', kind: 'command', command }).decision).toBe('ask')
})
