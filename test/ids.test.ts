import { execFileSync, spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidIdError } from '../src/errors.ts'
import {
  activeRef,
  type BranchName,
  branchRef,
  isObjectId,
  isRefName,
  parseBranchName,
  parseRef,
  parseSessionId,
  parseTagName,
  reservedRef,
  type SessionId,
  type TagName,
  tagRef,
} from '../src/ids.ts'
import { decodeName, encodeName } from '../src/ref-part.ts'

/** Names that look like something: of files, of refs, of encoded names. */
const words = fc.constantFrom(
  ...[
    'con',
    'nul',
    'aux.txt',
    'COM1',
    '.lock',
    '.LOCK',
    '..',
    '.',
    '-',
    '_',
    '+',
    '+4',
    '%',
    '%2e',
    '%-',
    '/',
    '@',
    '@{',
    ' ',
  ],
  ...[
    'a',
    'A',
    'é',
    'e\u0301',
    '🎉',
    '日',
    '~',
    '^',
    ':',
    '\\',
    '*',
    '?',
    '[',
    'x'.repeat(60),
    'f'.repeat(40),
  ],
  ...['main', 'HEAD', '%-da39a3ee5e6b4b0d3255bfef95601890afd80709', 'İ', 'ß', 'ſ', 'K', '\u202e', '\ufeff'],
)
const name = fc
  .oneof(
    fc.array(words, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('')),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 300 }),
  )
  .filter((text) => accepts(() => parseSessionId(text)))
const branch = name.filter((text) => accepts(() => parseBranchName(text)))

const isShort = (text: string): boolean => !/%-[0-9a-f]{40}$/.test(encodeName(text))

describe('a name as a path part', () => {
  test('leads back to the name', () => {
    fc.assert(
      fc.property(name, (text) => {
        if (isShort(text)) expect(decodeName(encodeName(text))).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('is the same for no two names, also where case does not count', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 30 }), (names) => {
        const parts = names.filter((text) => encodeName(text) !== text || isShort(text)).map(encodeName)
        expect(new Set(parts.map((part) => part.normalize('NFKC').toLowerCase())).size).toBe(parts.length)
      }),
      { numRuns: 500 },
    )
  })

  test('is fit for every file system', () => {
    fc.assert(
      fc.property(name, (text) => {
        const part = encodeName(text)
        expect(part).toMatch(/^[a-z0-9%][a-z0-9%_.-]*(?:\+[0-9a-f]*)?$/)
        expect(part.length).toBeLessThanOrEqual(200)
        expect(part).not.toMatch(/\.$|\.\.|\.lock$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:[.+]|$)/)
      }),
      { numRuns: 2000 },
    )
  })

  test('is that of one name only, or of none', () => {
    const pieces = fc.constantFrom(
      ...'abxf0147%+._-'.split(''),
      '%2b',
      '%41',
      '%63',
      '+',
      'con',
      '.lock',
      '%c3%a9',
    )
    const part = fc.array(pieces, { minLength: 1, maxLength: 8 }).map((list) => list.join(''))
    fc.assert(
      fc.property(part, (text) => {
        const name = decodeName(text)
        if (name !== undefined) expect(encodeName(name)).toBe(text)
      }),
      { numRuns: 5000 },
    )
  })

  test('that is already one of a long name stands for itself', () => {
    const long = encodeName('Some long name '.repeat(30))
    expect(long).toMatch(/^some%20long.*%-[0-9a-f]{40}$/)
    expect(encodeName('some long name '.repeat(30))).not.toBe(long)
    expect(encodeName(long)).toBe(long)
    expect(decodeName(long)).toBe(long)
    expect(encodeName(`${'y'.repeat(300)}1`)).not.toBe(encodeName(`${'y'.repeat(300)}2`))
  })

  test.each<[string, string]>([
    ['my-review', 'my-review'],
    ['v1.2', 'v1.2'],
    ['a/b', 'a%2fb'],
    ['PROJ-123', 'proj-123+'],
    ['Abc', 'abc+4'],
    ['Main', 'main+8'],
    ['mainX', 'mainx+1'],
    ['A', 'a+'],
    ['X/É/y', 'x%2f%c3%89%2fy+2'],
    ['CON', '%63on+'],
    ['Con.txt', '%63on.txt+20'],
    ['x.LOCK', 'x%2elock+f'],
    ['A.', 'a%2e+'],
    ['-X', '%2dx+'],
    ['a+b', 'a%2bb'],
    ['+', '%2b'],
    ['c++', 'c%2b%2b'],
    ['C++', 'c%2b%2b+'],
    ['A'.repeat(199), `${'a'.repeat(199)}+`],
    [`${'A'.repeat(158)}b`, `${'a'.repeat(158)}b+7${'f'.repeat(38)}e`],
    ['.', '%2e'],
    ['..', '%2e%2e'],
    ['a..b', 'a%2e.b'],
    ['x.lock', 'x%2elock'],
    ['con', '%63on'],
    ['con.txt', '%63on.txt'],
    ['console', 'console'],
    ['_x', '%5fx'],
    ['-x', '%2dx'],
    ['%41', '%2541'],
    ['é', '%c3%a9'],
  ])('%s is %s', (text, part) => {
    expect(encodeName(text)).toBe(part)
    expect(decodeName(part)).toBe(text)
  })

  test.each([
    '',
    '%4Dain',
    '%4dain',
    'Main',
    '+',
    '+a',
    'a+b',
    'a+1',
    'ab+0',
    'ab+02',
    'ab+3',
    'ab+4',
    'ab+A',
    'ab++',
    '12+',
    '%63on+0',
    'x.lock+1',
    'con+',
    '%41+',
    `${'a'.repeat(200)}+`,
    '%6d',
    'a%',
    'a%2',
    '%ff',
    '.x',
    'x.',
    'a..b',
    'x.lock',
    'con',
    '_x',
    '-x',
    '%-',
  ])('%j is not in the form we write', (part) => {
    expect(decodeName(part)).toBeUndefined()
  })
})

describe('a ref', () => {
  test('leads back to what it is of', () => {
    fc.assert(
      fc.property(name, branch, (session, other) => {
        fc.pre(isShort(session) && isShort(other))
        const id = session as SessionId
        expect(parseRef(branchRef(id, other as BranchName))).toEqual({ kind: 'branch', session, name: other })
        expect(parseRef(tagRef(id, other as TagName))).toEqual({ kind: 'tag', session, name: other })
        expect(parseRef(reservedRef(id, other))).toEqual({ kind: 'reserved', session, name: other })
        expect(parseRef(activeRef(id))).toEqual({ kind: 'active', session, name: session })
      }),
      { numRuns: 1000 },
    )
  })

  test('is one that git takes', () => {
    const refs = fc
      .sample(fc.tuple(name, branch), { numRuns: 300, seed: 7 })
      .flatMap(([session, other]) => [
        branchRef(session as SessionId, other as BranchName),
        tagRef(session as SessionId, other as TagName),
        reservedRef(session as SessionId, other),
        activeRef(session as SessionId),
      ])
    const refused = [...new Set(refs)].filter(
      (ref) => spawnSync('git', ['check-ref-format', ref], { stdio: 'ignore' }).status !== 0,
    )
    expect(refused).toEqual([])
    expect(execFileSync('git', ['--version'], { encoding: 'utf8' })).toMatch(/^git version/)
  })

  test.each([
    'HEAD',
    'refs/heads/main',
    'refs/heads/a/b/c',
    'refs/heads/A/main',
    'refs/heads/a/Main',
    'refs/heads/a/x~1',
    `refs/heads/a/${'f'.repeat(40)}`,
    'refs/heads//main',
    'refs/heads/a/_',
    'refs/tags/a/_x',
    'refs/remotes/origin/main',
    'refs/forkpoint/other/a',
    'refs/notes/a/b',
    'refs/heads/%0a/main',
    'refs/heads/a/%7e',
  ])('%s is none of ours', (ref) => {
    expect(parseRef(ref)).toBeUndefined()
  })
})

describe('a name that cannot be', () => {
  test.each([
    [''],
    ['a\nb'],
    ['\u0000'],
    ['\u0085'],
    ['\ud800'],
    ['x'.repeat(4097)],
    [7],
    [null],
    [undefined],
    [{}],
  ])('%j is refused, whatever it is for', (text) => {
    for (const parse of [parseSessionId, parseBranchName, parseTagName]) {
      expect(() => parse(text)).toThrow(InvalidIdError)
    }
  })

  test.each(['a~1', 'a^', 'a:b', 'a@{1}', 'f'.repeat(40)])(
    '%s is no branch and no tag, but a session',
    (text) => {
      expect(() => parseBranchName(text)).toThrow(InvalidIdError)
      expect(() => parseTagName(text)).toThrow(InvalidIdError)
      expect(parseSessionId(text)).toBe(text)
    },
  )
})

test('an object id is 40 lower-case hex digits', () => {
  expect(isObjectId('0123456789abcdef0123456789abcdef01234567')).toBe(true)
  for (const text of ['', 'a'.repeat(39), 'a'.repeat(41), 'A'.repeat(40), `${'a'.repeat(40)}\n`]) {
    expect(isObjectId(text)).toBe(false)
  }
})

function accepts(action: () => unknown): boolean {
  try {
    action()
    return true
  } catch {
    return false
  }
}

test('a text is the name of a ref exactly if git says so', () => {
  const parts = [
    'a',
    'é',
    '..',
    '.',
    '.a',
    'a.',
    'a.lock',
    '@',
    '@{',
    'a b',
    '~',
    '^',
    ':',
    '?',
    '*',
    '[',
    '\\',
    '',
  ]
  const names = parts.flatMap((part) => [`refs/heads/${part}`, `refs/${part}/x`, `refs/heads/x${part}y`])
  for (const name of names) {
    const { status } = spawnSync('git', ['check-ref-format', name])
    expect(isRefName(name), name).toBe(status === 0)
  }
  expect(['HEAD', 'refs', 'heads/x', 'objects/refs/x'].filter(isRefName)).toEqual(['HEAD'])
})
